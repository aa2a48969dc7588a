import { MigrationInterface, QueryRunner } from 'typeorm';

export class MessagePush1795246000000 implements MigrationInterface {
  name = 'MessagePush1795246000000';

  public async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`ALTER TABLE \`messages\` ADD \`push\` mediumtext NULL`);
  }

  public async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`ALTER TABLE \`messages\` DROP COLUMN \`push\``);
  }
}
