import { MigrationInterface, QueryRunner } from 'typeorm';

export class PushDevices1795247000000 implements MigrationInterface {
  name = 'PushDevices1795247000000';

  public async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(
      `CREATE TABLE \`push_devices\` (\`id\` bigint UNSIGNED NOT NULL AUTO_INCREMENT, \`appPk\` int UNSIGNED NOT NULL, \`userPk\` bigint UNSIGNED NOT NULL, \`deviceId\` varchar(64) CHARACTER SET "ascii" COLLATE "ascii_bin" NOT NULL, \`loginId\` varchar(32) CHARACTER SET "ascii" COLLATE "ascii_bin" NOT NULL, \`platform\` varchar(32) CHARACTER SET "ascii" COLLATE "ascii_bin" NOT NULL, \`provider\` varchar(16) CHARACTER SET "ascii" COLLATE "ascii_bin" NOT NULL, \`token\` varchar(4096) CHARACTER SET "ascii" COLLATE "ascii_bin" NOT NULL, \`tokenHash\` binary(32) NOT NULL, \`locale\` varchar(35) CHARACTER SET "ascii" COLLATE "ascii_bin" NULL, \`timeZone\` varchar(64) CHARACTER SET "ascii" COLLATE "ascii_bin" NULL, \`registeredAt\` datetime(3) NOT NULL, UNIQUE INDEX \`one_per_token\` (\`appPk\`, \`tokenHash\`), UNIQUE INDEX \`one_per_device\` (\`userPk\`, \`deviceId\`), PRIMARY KEY (\`id\`)) ENGINE=InnoDB`,
    );
    await queryRunner.query(
      `CREATE TABLE \`push_settings\` (\`userPk\` bigint UNSIGNED NOT NULL, \`appPk\` int UNSIGNED NOT NULL, \`nickname\` varchar(64) NULL, \`style\` varchar(8) CHARACTER SET "ascii" COLLATE "ascii_bin" NULL, \`language\` varchar(35) CHARACTER SET "ascii" COLLATE "ascii_bin" NULL, \`quietFrom\` varchar(5) CHARACTER SET "ascii" COLLATE "ascii_bin" NULL, \`quietTo\` varchar(5) CHARACTER SET "ascii" COLLATE "ascii_bin" NULL, \`quietZone\` varchar(64) CHARACTER SET "ascii" COLLATE "ascii_bin" NULL, PRIMARY KEY (\`userPk\`)) ENGINE=InnoDB`,
    );
  }

  public async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`DROP TABLE \`push_settings\``);
    await queryRunner.query(`DROP TABLE \`push_devices\``);
  }
}
