import { MigrationInterface, QueryRunner } from 'typeorm';

export class CountedUsersAndPreviousLoginKeys1796087131000 implements MigrationInterface {
  name = 'CountedUsersAndPreviousLoginKeys1796087131000';

  public async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`CREATE INDEX \`counted\` ON \`users\` (\`appPk\`, \`registered\`, \`tombstone\`)`);
    await queryRunner.query(`ALTER TABLE \`apps\` ADD \`previousTokenHash\` binary(32) NULL`);
    await queryRunner.query(`ALTER TABLE \`apps\` ADD \`previousTokenUntil\` datetime(3) NULL`);
  }

  public async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`ALTER TABLE \`apps\` DROP COLUMN \`previousTokenUntil\``);
    await queryRunner.query(`ALTER TABLE \`apps\` DROP COLUMN \`previousTokenHash\``);
    await queryRunner.query(`DROP INDEX \`counted\` ON \`users\``);
  }
}
