import { MigrationInterface, QueryRunner } from 'typeorm';

export class Chatrooms1795251000000 implements MigrationInterface {
  name = 'Chatrooms1795251000000';

  public async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(
      `CREATE TABLE \`chatrooms\` (\`id\` bigint UNSIGNED NOT NULL AUTO_INCREMENT, \`appPk\` int UNSIGNED NOT NULL, \`chatroomId\` varchar(64) CHARACTER SET "ascii" COLLATE "ascii_bin" NOT NULL, \`name\` varchar(128) NOT NULL, \`description\` varchar(1024) NULL, \`announcement\` text NULL, \`status\` varchar(8) CHARACTER SET "ascii" COLLATE "ascii_bin" NOT NULL, \`ownerPk\` bigint UNSIGNED NULL, \`maxMembers\` int UNSIGNED NULL, \`muteAll\` tinyint NOT NULL DEFAULT 0, \`slowModeSeconds\` int UNSIGNED NOT NULL DEFAULT '0', \`membersMaySetAttributes\` tinyint NOT NULL DEFAULT 0, \`keepAlive\` tinyint NOT NULL DEFAULT 0, \`distributionStopped\` tinyint NOT NULL DEFAULT 0, \`firstSeq\` int UNSIGNED NOT NULL DEFAULT '1', \`openedVersion\` int UNSIGNED NOT NULL DEFAULT '0', \`activeAt\` datetime(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3), \`createdAt\` datetime(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3), INDEX \`idle_of_app\` (\`appPk\`, \`status\`, \`activeAt\`), UNIQUE INDEX \`one_per_chatroom_id\` (\`appPk\`, \`chatroomId\`), PRIMARY KEY (\`id\`)) ENGINE=InnoDB`,
    );
    await queryRunner.query(
      `CREATE TABLE \`chatroom_standings\` (\`chatroomPk\` bigint UNSIGNED NOT NULL, \`userPk\` bigint UNSIGNED NOT NULL, \`appPk\` int UNSIGNED NOT NULL, \`admin\` tinyint NOT NULL DEFAULT 0, \`banned\` tinyint NOT NULL DEFAULT 0, \`mutedUntil\` datetime(3) NULL, \`maySpeak\` tinyint NOT NULL DEFAULT 0, \`removedVersion\` int UNSIGNED NOT NULL DEFAULT '0', \`spokeAt\` datetime(3) NULL, INDEX \`removed_since\` (\`chatroomPk\`, \`removedVersion\`), PRIMARY KEY (\`chatroomPk\`, \`userPk\`)) ENGINE=InnoDB`,
    );
    await queryRunner.query(
      `CREATE TABLE \`chatroom_attributes\` (\`chatroomPk\` bigint UNSIGNED NOT NULL, \`name\` varchar(64) CHARACTER SET "ascii" COLLATE "ascii_bin" NOT NULL, \`appPk\` int UNSIGNED NOT NULL, \`value\` text NOT NULL, \`ownerPk\` bigint UNSIGNED NULL, \`autoDelete\` tinyint NOT NULL DEFAULT 0, PRIMARY KEY (\`chatroomPk\`, \`name\`)) ENGINE=InnoDB`,
    );
    await queryRunner.query(
      `CREATE TABLE \`chatroom_super_admins\` (\`appPk\` int UNSIGNED NOT NULL, \`userPk\` bigint UNSIGNED NOT NULL, PRIMARY KEY (\`appPk\`, \`userPk\`)) ENGINE=InnoDB`,
    );
  }

  public async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`DROP TABLE \`chatroom_super_admins\``);
    await queryRunner.query(`DROP TABLE \`chatroom_attributes\``);
    await queryRunner.query(`DROP INDEX \`removed_since\` ON \`chatroom_standings\``);
    await queryRunner.query(`DROP TABLE \`chatroom_standings\``);
    await queryRunner.query(`DROP INDEX \`one_per_chatroom_id\` ON \`chatrooms\``);
    await queryRunner.query(`DROP INDEX \`idle_of_app\` ON \`chatrooms\``);
    await queryRunner.query(`DROP TABLE \`chatrooms\``);
  }
}
