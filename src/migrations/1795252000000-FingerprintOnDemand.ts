import { MigrationInterface, QueryRunner } from 'typeorm';

export class FingerprintOnDemand1795252000000 implements MigrationInterface {
  name = 'FingerprintOnDemand1795252000000';

  public async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`ALTER TABLE \`messages\` MODIFY \`fingerprint\` binary(16) NULL`);
  }

  public async down(queryRunner: QueryRunner): Promise<void> {
    // What `fingerprintOf` makes of the row; lengths are counted in UTF-16.
    await queryRunner.query(
      `UPDATE \`messages\` SET \`fingerprint\` = UNHEX(LEFT(SHA2(CONCAT(
          conversationPk, '\\n', type, '\\n', LENGTH(CONVERT(body USING utf16)) DIV 2, '\\n', body, '\\n', COALESCE(ext, ''),
          COALESCE(CONCAT('\\n', REPLACE(REPLACE(TRIM(BOTH ']' FROM TRIM(BOTH '[' FROM JSON_KEYS(recipients))), '"', ''), ' ', '')), '')
        ), 256), 32)) WHERE \`fingerprint\` IS NULL`,
    );
    await queryRunner.query(`ALTER TABLE \`messages\` MODIFY \`fingerprint\` binary(16) NOT NULL`);
  }
}
