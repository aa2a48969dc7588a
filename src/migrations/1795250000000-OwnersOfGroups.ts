import { MigrationInterface, QueryRunner } from 'typeorm';

/** The groups of an owner are found when it is deleted. */
export class OwnersOfGroups1795250000000 implements MigrationInterface {
  name = 'OwnersOfGroups1795250000000';

  public async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`CREATE INDEX \`groups_of_owner\` ON \`chat_groups\` (\`ownerPk\`)`);
  }

  public async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`DROP INDEX \`groups_of_owner\` ON \`chat_groups\``);
  }
}
