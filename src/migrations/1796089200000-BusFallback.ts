import { MigrationInterface, QueryRunner } from 'typeorm';

/** The table bears the name of what it is. */
export class BusFallback1796089200000 implements MigrationInterface {
  name = 'BusFallback1796089200000';

  public async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('RENAME TABLE `bus_letters` TO `bus_fallback`');
  }

  public async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('RENAME TABLE `bus_fallback` TO `bus_letters`');
  }
}
