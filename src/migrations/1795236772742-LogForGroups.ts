import { MigrationInterface, QueryRunner } from 'typeorm';

export class LogForGroups1795236772742 implements MigrationInterface {
  name = 'LogForGroups1795236772742';

  public async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`ALTER TABLE \`members\` ADD \`hearSeq\` int UNSIGNED NOT NULL DEFAULT '1'`);
    await queryRunner.query(`ALTER TABLE \`members\` ADD \`ownCount\` int NOT NULL DEFAULT '0'`);
    await queryRunner.query(`ALTER TABLE \`messages\` ADD \`recipients\` mediumtext NULL`);
    await queryRunner.query(`ALTER TABLE \`messages\` ADD \`mentions\` mediumtext NULL`);
  }

  public async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`ALTER TABLE \`messages\` DROP COLUMN \`mentions\``);
    await queryRunner.query(`ALTER TABLE \`messages\` DROP COLUMN \`recipients\``);
    await queryRunner.query(`ALTER TABLE \`members\` DROP COLUMN \`ownCount\``);
    await queryRunner.query(`ALTER TABLE \`members\` DROP COLUMN \`hearSeq\``);
  }
}
