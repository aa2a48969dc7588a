import { MigrationInterface, QueryRunner } from 'typeorm';

export class Groups1795237853941 implements MigrationInterface {
  name = 'Groups1795237853941';

  public async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(
      `CREATE TABLE \`chat_groups\` (\`id\` bigint UNSIGNED NOT NULL AUTO_INCREMENT, \`appPk\` int UNSIGNED NOT NULL, \`groupId\` varchar(64) CHARACTER SET "ascii" COLLATE "ascii_bin" NOT NULL, \`name\` varchar(128) NOT NULL, \`introduction\` varchar(1024) NULL, \`announcement\` text NULL, \`attributes\` mediumtext NULL, \`visibility\` varchar(8) CHARACTER SET "ascii" COLLATE "ascii_bin" NOT NULL, \`status\` varchar(12) CHARACTER SET "ascii" COLLATE "ascii_bin" NOT NULL, \`ownerPk\` bigint UNSIGNED NOT NULL, \`maxMembers\` int UNSIGNED NOT NULL, \`memberCount\` int UNSIGNED NOT NULL DEFAULT '0', \`membersMayInvite\` tinyint NOT NULL DEFAULT 0, \`invitationsNeedConsent\` tinyint NOT NULL DEFAULT 0, \`adminsMayRemove\` tinyint NOT NULL DEFAULT 0, \`readableByNonMembers\` tinyint NOT NULL DEFAULT 0, \`historyForNewMembers\` tinyint NOT NULL DEFAULT 0, \`muteAll\` tinyint NOT NULL DEFAULT 0, \`createdAt\` datetime(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3), UNIQUE INDEX \`one_per_group_id\` (\`appPk\`, \`groupId\`), PRIMARY KEY (\`id\`)) ENGINE=InnoDB`,
    );
    await queryRunner.query(
      `CREATE TABLE \`group_members\` (\`groupPk\` bigint UNSIGNED NOT NULL, \`userPk\` bigint UNSIGNED NOT NULL, \`appPk\` int UNSIGNED NOT NULL, \`role\` varchar(8) CHARACTER SET "ascii" COLLATE "ascii_bin" NOT NULL, \`nickname\` varchar(64) NULL, \`attributes\` mediumtext NULL, \`joinedAt\` datetime(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3), INDEX \`groups_of_user\` (\`userPk\`, \`groupPk\`), PRIMARY KEY (\`groupPk\`, \`userPk\`)) ENGINE=InnoDB`,
    );
    await queryRunner.query(
      `CREATE TABLE \`group_sanctions\` (\`groupPk\` bigint UNSIGNED NOT NULL, \`userPk\` bigint UNSIGNED NOT NULL, \`appPk\` int UNSIGNED NOT NULL, \`banned\` tinyint NOT NULL DEFAULT 0, \`mutedUntil\` datetime(3) NULL, \`maySpeak\` tinyint NOT NULL DEFAULT 0, PRIMARY KEY (\`groupPk\`, \`userPk\`)) ENGINE=InnoDB`,
    );
    await queryRunner.query(
      `CREATE TABLE \`group_requests\` (\`id\` bigint UNSIGNED NOT NULL AUTO_INCREMENT, \`appPk\` int UNSIGNED NOT NULL, \`requestId\` varchar(32) CHARACTER SET "ascii" COLLATE "ascii_bin" NOT NULL, \`groupPk\` bigint UNSIGNED NOT NULL, \`userPk\` bigint UNSIGNED NOT NULL, \`kind\` varchar(12) CHARACTER SET "ascii" COLLATE "ascii_bin" NOT NULL, \`status\` varchar(12) CHARACTER SET "ascii" COLLATE "ascii_bin" NOT NULL, \`invitedByPk\` bigint UNSIGNED NOT NULL DEFAULT '0', \`message\` varchar(512) NULL, \`reason\` varchar(512) NULL, \`createdAt\` datetime(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3), \`decidedAt\` datetime(3) NULL, INDEX \`of_user\` (\`userPk\`, \`status\`, \`id\`), INDEX \`of_group\` (\`groupPk\`, \`kind\`, \`status\`, \`id\`), UNIQUE INDEX \`one_per_request_id\` (\`appPk\`, \`requestId\`), PRIMARY KEY (\`id\`)) ENGINE=InnoDB`,
    );
  }

  public async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`DROP INDEX \`one_per_request_id\` ON \`group_requests\``);
    await queryRunner.query(`DROP INDEX \`of_group\` ON \`group_requests\``);
    await queryRunner.query(`DROP INDEX \`of_user\` ON \`group_requests\``);
    await queryRunner.query(`DROP TABLE \`group_requests\``);
    await queryRunner.query(`DROP TABLE \`group_sanctions\``);
    await queryRunner.query(`DROP INDEX \`groups_of_user\` ON \`group_members\``);
    await queryRunner.query(`DROP TABLE \`group_members\``);
    await queryRunner.query(`DROP INDEX \`one_per_group_id\` ON \`chat_groups\``);
    await queryRunner.query(`DROP TABLE \`chat_groups\``);
  }
}
