import { MigrationInterface, QueryRunner } from 'typeorm';

/** The columns bear the names of what they hold. */
export class LastVisibleMessages1796089260000 implements MigrationInterface {
  name = 'LastVisibleMessages1796089260000';

  public async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(
      'ALTER TABLE `conversations` RENAME COLUMN `shownSeq` TO `lastVisibleSeq`, RENAME COLUMN `shownAt` TO `lastVisibleAt`, RENAME COLUMN `directedTail` TO `directedHeadSeq`',
    );
  }

  public async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(
      'ALTER TABLE `conversations` RENAME COLUMN `lastVisibleSeq` TO `shownSeq`, RENAME COLUMN `lastVisibleAt` TO `shownAt`, RENAME COLUMN `directedHeadSeq` TO `directedTail`',
    );
  }
}
