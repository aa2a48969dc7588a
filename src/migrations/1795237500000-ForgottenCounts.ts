import { MigrationInterface, QueryRunner } from 'typeorm';

export class ForgottenCounts1795237500000 implements MigrationInterface {
  name = 'ForgottenCounts1795237500000';

  public async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`ALTER TABLE \`conversations\` ADD \`minCount\` int UNSIGNED NOT NULL DEFAULT '0'`);
    await queryRunner.query(`ALTER TABLE \`conversations\` ADD \`minLowCount\` int UNSIGNED NOT NULL DEFAULT '0'`);
  }

  public async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`ALTER TABLE \`conversations\` DROP COLUMN \`minLowCount\``);
    await queryRunner.query(`ALTER TABLE \`conversations\` DROP COLUMN \`minCount\``);
  }
}
