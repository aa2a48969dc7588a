import type { MigrationInterface, QueryRunner } from 'typeorm';

export class WindowsOfSuccessors1796088300000 implements MigrationInterface {
  name = 'WindowsOfSuccessors1796088300000';

  public async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(
      `ALTER TABLE \`conversations\` ADD \`lowFrom\` int UNSIGNED NOT NULL DEFAULT '1', ADD \`highFrom\` int UNSIGNED NOT NULL DEFAULT '1'`,
    );
  }

  public async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('ALTER TABLE `conversations` DROP COLUMN `highFrom`, DROP COLUMN `lowFrom`');
  }
}
