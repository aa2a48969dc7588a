import { MigrationInterface, QueryRunner } from 'typeorm';

export class Init1795234531206 implements MigrationInterface {
  name = 'Init1795234531206';

  public async up(queryRunner: QueryRunner): Promise<void> {
    // Texts in any script: whatever the server's default is, this database's tables are utf8mb4.
    await queryRunner.query('ALTER DATABASE CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci');
    await queryRunner.query(
      `CREATE TABLE \`sessions\` (\`id\` bigint UNSIGNED NOT NULL AUTO_INCREMENT, \`appPk\` int UNSIGNED NOT NULL, \`userPk\` bigint UNSIGNED NOT NULL, \`sessionId\` varchar(32) CHARACTER SET "ascii" COLLATE "ascii_bin" NOT NULL, \`loginId\` varchar(32) CHARACTER SET "ascii" COLLATE "ascii_bin" NOT NULL, \`deviceId\` varchar(64) CHARACTER SET "ascii" COLLATE "ascii_bin" NULL, \`platform\` varchar(32) CHARACTER SET "ascii" COLLATE "ascii_bin" NULL, \`createdAt\` datetime(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3), \`boundAt\` datetime(3) NULL, \`expiresAt\` datetime(3) NOT NULL, \`endedAt\` datetime(3) NULL, \`endReason\` varchar(32) CHARACTER SET "ascii" COLLATE "ascii_bin" NULL, \`endedBy\` varchar(32) CHARACTER SET "ascii" COLLATE "ascii_bin" NULL, INDEX \`by_expiry\` (\`expiresAt\`), INDEX \`of_user\` (\`userPk\`, \`endedAt\`), UNIQUE INDEX \`one_per_login_and_device\` (\`loginId\`, \`deviceId\`), UNIQUE INDEX \`one_per_session_id\` (\`sessionId\`), PRIMARY KEY (\`id\`)) ENGINE=InnoDB`,
    );
    await queryRunner.query(
      `CREATE TABLE \`users\` (\`id\` bigint UNSIGNED NOT NULL AUTO_INCREMENT, \`appPk\` int UNSIGNED NOT NULL, \`userId\` varchar(64) CHARACTER SET "ascii" COLLATE "ascii_bin" NOT NULL, \`tombstone\` bigint UNSIGNED NOT NULL DEFAULT '0', \`account\` varchar(32) CHARACTER SET "ascii" COLLATE "ascii_bin" NULL, \`passwordHash\` varchar(255) CHARACTER SET "ascii" COLLATE "ascii_bin" NULL, \`status\` varchar(16) CHARACTER SET "ascii" COLLATE "ascii_bin" NOT NULL, \`nickname\` varchar(64) NULL, \`avatarUrl\` varchar(512) NULL, \`profile\` mediumtext NULL, \`registered\` tinyint NOT NULL DEFAULT 1, \`tokenVersion\` int UNSIGNED NOT NULL DEFAULT '1', \`authVersion\` int UNSIGNED NOT NULL DEFAULT '1', \`maxUserSeq\` int UNSIGNED NOT NULL DEFAULT '0', \`minUserSeq\` int UNSIGNED NOT NULL DEFAULT '1', \`createdAt\` datetime(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3), \`lastLoginAt\` datetime(3) NULL, UNIQUE INDEX \`one_per_account\` (\`appPk\`, \`account\`), UNIQUE INDEX \`one_per_user_id\` (\`appPk\`, \`userId\`, \`tombstone\`), PRIMARY KEY (\`id\`)) ENGINE=InnoDB`,
    );
    await queryRunner.query(
      `CREATE TABLE \`user_events\` (\`userPk\` bigint UNSIGNED NOT NULL, \`userSeq\` int UNSIGNED NOT NULL, \`kind\` varchar(32) CHARACTER SET "ascii" COLLATE "ascii_bin" NOT NULL, \`ref\` varchar(140) CHARACTER SET "ascii" COLLATE "ascii_bin" NOT NULL, \`data\` mediumtext NOT NULL, \`at\` datetime(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3), UNIQUE INDEX \`latest_per_thing\` (\`userPk\`, \`kind\`, \`ref\`), PRIMARY KEY (\`userPk\`, \`userSeq\`)) ENGINE=InnoDB`,
    );
    await queryRunner.query(
      `CREATE TABLE \`conversations\` (\`id\` bigint UNSIGNED NOT NULL AUTO_INCREMENT, \`appPk\` int UNSIGNED NOT NULL, \`kind\` tinyint UNSIGNED NOT NULL, \`lowPk\` bigint UNSIGNED NOT NULL, \`highPk\` bigint UNSIGNED NOT NULL DEFAULT '0', \`maxSeq\` int UNSIGNED NOT NULL DEFAULT '0', \`minSeq\` int UNSIGNED NOT NULL DEFAULT '1', \`countSeq\` int UNSIGNED NOT NULL DEFAULT '0', \`lowCount\` int UNSIGNED NOT NULL DEFAULT '0', \`lastAt\` datetime(3) NULL, \`memberVersion\` int UNSIGNED NOT NULL DEFAULT '1', \`createdAt\` datetime(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3), UNIQUE INDEX \`one_per_target\` (\`appPk\`, \`kind\`, \`lowPk\`, \`highPk\`), PRIMARY KEY (\`id\`)) ENGINE=InnoDB`,
    );
    await queryRunner.query(
      `CREATE TABLE \`members\` (\`userPk\` bigint UNSIGNED NOT NULL, \`conversationPk\` bigint UNSIGNED NOT NULL, \`appPk\` int UNSIGNED NOT NULL, \`joinSeq\` int UNSIGNED NOT NULL DEFAULT '1', \`leaveSeq\` int UNSIGNED NULL, \`readSeq\` int UNSIGNED NOT NULL DEFAULT '0', \`readCount\` int UNSIGNED NOT NULL DEFAULT '0', \`deliveredSeq\` int UNSIGNED NOT NULL DEFAULT '0', \`clearSeq\` int UNSIGNED NOT NULL DEFAULT '0', \`muted\` tinyint NOT NULL DEFAULT 0, \`pinned\` tinyint NOT NULL DEFAULT 0, INDEX \`of_conversation\` (\`conversationPk\`, \`userPk\`), PRIMARY KEY (\`userPk\`, \`conversationPk\`)) ENGINE=InnoDB`,
    );
    await queryRunner.query(
      `CREATE TABLE \`messages\` (\`conversationPk\` bigint UNSIGNED NOT NULL, \`seq\` int UNSIGNED NOT NULL, \`appPk\` int UNSIGNED NOT NULL, \`senderPk\` bigint UNSIGNED NOT NULL, \`clientMessageId\` varchar(36) CHARACTER SET "ascii" COLLATE "ascii_bin" NOT NULL, \`fingerprint\` binary(16) NOT NULL, \`type\` varchar(32) CHARACTER SET "ascii" COLLATE "ascii_bin" NOT NULL, \`body\` mediumtext NOT NULL, \`ext\` mediumtext NULL, \`countSeq\` int UNSIGNED NOT NULL, \`lowCount\` int UNSIGNED NOT NULL DEFAULT '0', \`sentAt\` datetime(3) NOT NULL, \`revision\` smallint UNSIGNED NOT NULL DEFAULT '0', \`recalledAt\` datetime(3) NULL, UNIQUE INDEX \`once_per_sender\` (\`appPk\`, \`senderPk\`, \`clientMessageId\`), PRIMARY KEY (\`conversationPk\`, \`seq\`)) ENGINE=InnoDB`,
    );
    await queryRunner.query(
      `CREATE TABLE \`apps\` (\`id\` int UNSIGNED NOT NULL AUTO_INCREMENT, \`appId\` varchar(40) CHARACTER SET "ascii" COLLATE "ascii_bin" NOT NULL, \`developerPk\` int UNSIGNED NOT NULL, \`name\` varchar(128) NOT NULL, \`accountMode\` varchar(16) CHARACTER SET "ascii" COLLATE "ascii_bin" NOT NULL, \`status\` varchar(16) CHARACTER SET "ascii" COLLATE "ascii_bin" NOT NULL, \`resumesTo\` varchar(16) CHARACTER SET "ascii" COLLATE "ascii_bin" NULL, \`appTokenSealed\` varbinary(255) NOT NULL, \`appTokenHash\` binary(32) NOT NULL, \`settings\` mediumtext NOT NULL, \`tokensValidFrom\` int UNSIGNED NOT NULL DEFAULT '0', \`version\` int UNSIGNED NOT NULL DEFAULT '1', \`createdAt\` datetime(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3), \`wentOnlineAt\` datetime(3) NULL, \`deletedAt\` datetime(3) NULL, INDEX \`of_developer\` (\`developerPk\`, \`id\`), UNIQUE INDEX \`one_per_app_id\` (\`appId\`), PRIMARY KEY (\`id\`)) ENGINE=InnoDB`,
    );
    await queryRunner.query(
      `CREATE TABLE \`app_secrets\` (\`id\` int UNSIGNED NOT NULL AUTO_INCREMENT, \`appPk\` int UNSIGNED NOT NULL, \`kid\` smallint UNSIGNED NOT NULL, \`sealed\` varbinary(255) NOT NULL, \`hash\` binary(32) NOT NULL, \`createdAt\` datetime(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3), \`expiresAt\` datetime(3) NULL, UNIQUE INDEX \`of_app\` (\`appPk\`, \`kid\`), PRIMARY KEY (\`id\`)) ENGINE=InnoDB`,
    );
    await queryRunner.query(
      `CREATE TABLE \`developers\` (\`id\` int UNSIGNED NOT NULL AUTO_INCREMENT, \`accountSid\` varchar(40) CHARACTER SET "ascii" COLLATE "ascii_bin" NOT NULL, \`authTokenSealed\` varbinary(255) NOT NULL, \`authTokenHash\` binary(32) NOT NULL, \`email\` varchar(254) NOT NULL, \`passwordHash\` varchar(255) CHARACTER SET "ascii" COLLATE "ascii_bin" NOT NULL, \`name\` varchar(128) NOT NULL, \`status\` varchar(16) CHARACTER SET "ascii" COLLATE "ascii_bin" NOT NULL, \`verification\` mediumtext NULL, \`quotas\` mediumtext NULL, \`plan\` varchar(32) CHARACTER SET "ascii" COLLATE "ascii_bin" NOT NULL, \`createdAt\` datetime(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3), \`verifiedAt\` datetime(3) NULL, UNIQUE INDEX \`one_per_sid\` (\`accountSid\`), UNIQUE INDEX \`one_per_email\` (\`email\`), PRIMARY KEY (\`id\`)) ENGINE=InnoDB`,
    );
    await queryRunner.query(
      `CREATE TABLE \`store_state\` (\`name\` varchar(32) CHARACTER SET "ascii" COLLATE "ascii_bin" NOT NULL, \`value\` varchar(255) CHARACTER SET "ascii" COLLATE "ascii_bin" NOT NULL, PRIMARY KEY (\`name\`)) ENGINE=InnoDB`,
    );
    await queryRunner.query(
      `CREATE TABLE \`idempotency_keys\` (\`owner\` varchar(32) CHARACTER SET "ascii" COLLATE "ascii_bin" NOT NULL, \`idempotencyKey\` varchar(64) CHARACTER SET "ascii" COLLATE "ascii_bin" NOT NULL, \`call\` varchar(160) CHARACTER SET "ascii" COLLATE "ascii_bin" NOT NULL, \`fingerprint\` binary(16) NOT NULL, \`status\` smallint UNSIGNED NULL, \`answerSealed\` mediumblob NULL, \`createdAt\` datetime(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3), INDEX \`by_age\` (\`createdAt\`), PRIMARY KEY (\`owner\`, \`idempotencyKey\`)) ENGINE=InnoDB`,
    );
    await queryRunner.query(
      `CREATE TABLE \`outbox\` (\`id\` bigint UNSIGNED NOT NULL AUTO_INCREMENT, \`kind\` varchar(32) CHARACTER SET "ascii" COLLATE "ascii_bin" NOT NULL, \`payload\` mediumtext NOT NULL, \`state\` tinyint UNSIGNED NOT NULL DEFAULT '0', \`attempts\` smallint UNSIGNED NOT NULL DEFAULT '0', \`nextAt\` datetime(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3), \`reason\` varchar(255) NULL, \`createdAt\` datetime(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3), INDEX \`by_age\` (\`createdAt\`), INDEX \`due\` (\`state\`, \`nextAt\`), PRIMARY KEY (\`id\`)) ENGINE=InnoDB`,
    );
  }

  public async down(queryRunner: QueryRunner): Promise<void> {
    for (const table of [
      'outbox',
      'idempotency_keys',
      'store_state',
      'developers',
      'app_secrets',
      'apps',
      'messages',
      'members',
      'conversations',
      'user_events',
      'users',
      'sessions',
    ]) {
      await queryRunner.query(`DROP TABLE ${table}`);
    }
  }
}
