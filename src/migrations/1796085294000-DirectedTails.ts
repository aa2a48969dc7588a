import { MigrationInterface, QueryRunner } from 'typeorm';

export class DirectedTails1796085294000 implements MigrationInterface {
  name = 'DirectedTails1796085294000';

  public async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(
      `ALTER TABLE \`conversations\` ADD \`shownSeq\` int UNSIGNED NOT NULL DEFAULT '0', ADD \`shownAt\` datetime(3) NULL, ADD \`directedTail\` int UNSIGNED NOT NULL DEFAULT '0'`,
    );
    await queryRunner.query(
      `ALTER TABLE \`members\` ADD \`directedSeq\` int UNSIGNED NOT NULL DEFAULT '0', ADD \`directedAt\` datetime(3) NULL`,
    );
  }

  public async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`ALTER TABLE \`members\` DROP COLUMN \`directedAt\`, DROP COLUMN \`directedSeq\``);
    await queryRunner.query(
      `ALTER TABLE \`conversations\` DROP COLUMN \`directedTail\`, DROP COLUMN \`shownAt\`, DROP COLUMN \`shownSeq\``,
    );
  }
}
