import { MigrationInterface, QueryRunner } from 'typeorm';

export class GenerationOfSessions1796085745000 implements MigrationInterface {
  name = 'GenerationOfSessions1796085745000';

  public async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`ALTER TABLE \`sessions\` ADD \`generation\` int UNSIGNED NOT NULL DEFAULT '0'`);
  }

  public async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`ALTER TABLE \`sessions\` DROP COLUMN \`generation\``);
  }
}
