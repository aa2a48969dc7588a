import { MigrationInterface, QueryRunner } from 'typeorm';

export class BusLetters1796085665000 implements MigrationInterface {
  name = 'BusLetters1796085665000';

  public async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(
      `CREATE TABLE \`bus_letters\` (\`id\` bigint UNSIGNED NOT NULL AUTO_INCREMENT, \`sender\` varchar(32) CHARACTER SET "ascii" COLLATE "ascii_bin" NOT NULL, \`cutOff\` tinyint UNSIGNED NOT NULL, \`text\` mediumtext NOT NULL, \`createdAt\` datetime(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3), INDEX \`by_age\` (\`createdAt\`), PRIMARY KEY (\`id\`)) ENGINE=InnoDB`,
    );
  }

  public async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`DROP INDEX \`by_age\` ON \`bus_letters\``);
    await queryRunner.query(`DROP TABLE \`bus_letters\``);
  }
}
