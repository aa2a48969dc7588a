import { MigrationInterface, QueryRunner } from 'typeorm';

export class NamesOfPushedDevices1795253000000 implements MigrationInterface {
  name = 'NamesOfPushedDevices1795253000000';

  public async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(
      `ALTER TABLE \`push_tasks\` ADD \`deviceId\` varchar(64) CHARACTER SET "ascii" COLLATE "ascii_bin" NULL`,
    );
    await queryRunner.query(
      `ALTER TABLE \`push_tasks\` ADD \`provider\` varchar(16) CHARACTER SET "ascii" COLLATE "ascii_bin" NULL`,
    );
    await queryRunner.query(
      `UPDATE push_tasks t JOIN push_devices d ON d.id = t.devicePk SET t.deviceId = d.deviceId, t.provider = d.provider WHERE t.seqs <> ''`,
    );
  }

  public async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`ALTER TABLE \`push_tasks\` DROP COLUMN \`provider\``);
    await queryRunner.query(`ALTER TABLE \`push_tasks\` DROP COLUMN \`deviceId\``);
  }
}
