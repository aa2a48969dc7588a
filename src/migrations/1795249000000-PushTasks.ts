import { MigrationInterface, QueryRunner } from 'typeorm';

export class PushTasks1795249000000 implements MigrationInterface {
  name = 'PushTasks1795249000000';

  public async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(
      `CREATE TABLE \`push_fanouts\` (\`id\` bigint UNSIGNED NOT NULL AUTO_INCREMENT, \`appPk\` int UNSIGNED NOT NULL, \`items\` mediumtext NOT NULL, \`nextAt\` datetime(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3), \`lease\` int UNSIGNED NOT NULL DEFAULT '0', \`failures\` smallint UNSIGNED NOT NULL DEFAULT '0', \`dead\` tinyint NOT NULL DEFAULT 0, \`reason\` varchar(255) NULL, \`createdAt\` datetime(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3), INDEX \`due\` (\`dead\`, \`appPk\`, \`nextAt\`), PRIMARY KEY (\`id\`)) ENGINE=InnoDB`,
    );
    await queryRunner.query(
      `CREATE TABLE \`push_tasks\` (\`id\` bigint UNSIGNED NOT NULL AUTO_INCREMENT, \`appPk\` int UNSIGNED NOT NULL, \`userPk\` bigint UNSIGNED NOT NULL, \`devicePk\` bigint UNSIGNED NOT NULL, \`conversationPk\` bigint UNSIGNED NOT NULL, \`seqs\` mediumtext CHARACTER SET "ascii" COLLATE "ascii_bin" NOT NULL, \`upToSeq\` int UNSIGNED NOT NULL, \`mentioned\` tinyint NOT NULL DEFAULT 0, \`nextAt\` datetime(3) NULL, \`attempts\` smallint UNSIGNED NOT NULL DEFAULT '0', \`openedAt\` datetime(3) NOT NULL, \`sentAt\` datetime(3) NULL, \`reason\` varchar(191) CHARACTER SET "ascii" COLLATE "ascii_bin" NULL, INDEX \`due\` (\`appPk\`, \`nextAt\`), UNIQUE INDEX \`one_per_device_and_conversation\` (\`devicePk\`, \`conversationPk\`), PRIMARY KEY (\`id\`)) ENGINE=InnoDB`,
    );
    await queryRunner.query(
      `CREATE TABLE \`push_deliveries\` (\`id\` bigint UNSIGNED NOT NULL AUTO_INCREMENT, \`appPk\` int UNSIGNED NOT NULL, \`conversationPk\` bigint UNSIGNED NOT NULL, \`seq\` int UNSIGNED NOT NULL, \`userPk\` bigint UNSIGNED NOT NULL, \`devicePk\` bigint UNSIGNED NOT NULL DEFAULT '0', \`deviceId\` varchar(64) CHARACTER SET "ascii" COLLATE "ascii_bin" NULL, \`provider\` varchar(16) CHARACTER SET "ascii" COLLATE "ascii_bin" NULL, \`status\` tinyint UNSIGNED NOT NULL, \`reason\` varchar(191) NULL, \`providerId\` varchar(191) NULL, \`at\` datetime(3) NOT NULL, INDEX \`by_status\` (\`appPk\`, \`status\`, \`id\`), INDEX \`of_user\` (\`userPk\`, \`id\`), UNIQUE INDEX \`once\` (\`conversationPk\`, \`seq\`, \`userPk\`, \`devicePk\`), PRIMARY KEY (\`id\`)) ENGINE=InnoDB`,
    );
  }

  public async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`DROP TABLE \`push_deliveries\``);
    await queryRunner.query(`DROP TABLE \`push_tasks\``);
    await queryRunner.query(`DROP TABLE \`push_fanouts\``);
  }
}
