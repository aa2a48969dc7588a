import { MigrationInterface, QueryRunner } from 'typeorm';

export class PushCredentials1795247000000 implements MigrationInterface {
  name = 'PushCredentials1795247000000';

  public async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(
      `CREATE TABLE \`push_credentials\` (\`id\` bigint UNSIGNED NOT NULL AUTO_INCREMENT, \`appPk\` int UNSIGNED NOT NULL, \`provider\` varchar(16) CHARACTER SET "ascii" COLLATE "ascii_bin" NOT NULL, \`sealed\` blob NOT NULL, \`found\` mediumtext NOT NULL, \`expiresAt\` datetime(3) NULL, \`uploadedAt\` datetime(3) NOT NULL, \`pausedAt\` datetime(3) NULL, \`pausedReason\` varchar(255) NULL, UNIQUE INDEX \`one_per_provider\` (\`appPk\`, \`provider\`), PRIMARY KEY (\`id\`)) ENGINE=InnoDB`,
    );
  }

  public async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`DROP INDEX \`one_per_provider\` ON \`push_credentials\``);
    await queryRunner.query(`DROP TABLE \`push_credentials\``);
  }
}
