import { MigrationInterface, QueryRunner } from 'typeorm';

export class PushBatches1795252500000 implements MigrationInterface {
  name = 'PushBatches1795252500000';

  public async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(
      `CREATE TABLE \`push_batches\` (\`id\` bigint UNSIGNED NOT NULL AUTO_INCREMENT, \`appPk\` int UNSIGNED NOT NULL, \`size\` smallint UNSIGNED NOT NULL, \`nextAt\` datetime(3) NOT NULL, \`lease\` int UNSIGNED NOT NULL DEFAULT '0', INDEX \`due\` (\`appPk\`, \`nextAt\`), PRIMARY KEY (\`id\`)) ENGINE=InnoDB`,
    );
    await queryRunner.query(`ALTER TABLE \`push_tasks\` ADD \`batchPk\` bigint UNSIGNED NOT NULL DEFAULT 0`);
    // What is open goes into batches of 250 at most; until they are written, \`lease\` says which.
    await queryRunner.query(
      `INSERT INTO push_batches (appPk, size, nextAt, lease) SELECT appPk, COUNT(*), NOW(3), id DIV 250 FROM push_tasks WHERE nextAt IS NOT NULL GROUP BY appPk, id DIV 250`,
    );
    await queryRunner.query(
      `UPDATE push_tasks t JOIN push_batches b ON b.appPk = t.appPk AND b.lease = t.id DIV 250 SET t.batchPk = b.id WHERE t.nextAt IS NOT NULL`,
    );
    await queryRunner.query(`ALTER TABLE \`push_tasks\` MODIFY \`batchPk\` bigint UNSIGNED NOT NULL`);
    await queryRunner.query(`CREATE INDEX \`of_batch\` ON \`push_tasks\` (\`batchPk\`)`);
    await queryRunner.query(`DROP INDEX \`due\` ON \`push_tasks\``);
    await queryRunner.query(`ALTER TABLE \`push_tasks\` DROP COLUMN \`nextAt\``);
    await queryRunner.query(
      `ALTER TABLE \`push_tasks\` MODIFY \`openedAt\` datetime(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3)`,
    );
    await queryRunner.query(
      `ALTER TABLE \`push_deliveries\` MODIFY \`at\` datetime(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3)`,
    );
  }

  public async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`ALTER TABLE \`push_deliveries\` MODIFY \`at\` datetime(3) NOT NULL`);
    await queryRunner.query(`ALTER TABLE \`push_tasks\` MODIFY \`openedAt\` datetime(3) NOT NULL`);
    await queryRunner.query(`ALTER TABLE \`push_tasks\` ADD \`nextAt\` datetime(3) NULL`);
    await queryRunner.query(`UPDATE push_tasks SET nextAt = NOW(3) WHERE seqs <> ''`);
    await queryRunner.query(`CREATE INDEX \`due\` ON \`push_tasks\` (\`appPk\`, \`nextAt\`)`);
    await queryRunner.query(`DROP INDEX \`of_batch\` ON \`push_tasks\``);
    await queryRunner.query(`ALTER TABLE \`push_tasks\` DROP COLUMN \`batchPk\``);
    await queryRunner.query(`DROP TABLE \`push_batches\``);
  }
}
