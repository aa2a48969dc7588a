import { type Ask, Transaction } from './transaction';

const OK = { insertId: 7, affectedRows: 1 };

/** A connection that notes every trip, and answers each statement with OK unless it says otherwise. */
function aConnection() {
  const trips: { text: string; values: unknown[] }[] = [];
  const failing = new Set<string>();
  const ask: Ask = (text, values) => {
    trips.push({ text, values });
    const statements = text.split(';\n');
    const bad = statements.find((statement) => failing.has(statement));
    if (bad !== undefined) return Promise.reject(new Error(`${bad} failed`));
    return Promise.resolve(statements.length === 1 ? OK : statements.map(() => OK));
  };
  const sent = () => trips.map(({ text }) => text.split(';\n'));
  return { transaction: new Transaction(ask), trips, sent, failing };
}

describe('a transaction', () => {
  it('begins with its first statement and sends together what is asked in one turn', async () => {
    const { transaction, trips, sent } = aConnection();
    await Promise.all([transaction.rows('A ?', [1]), transaction.run('B ? ?', [2, [3, 4]])]);
    await transaction.rows('C');
    expect(sent()).toEqual([['START TRANSACTION', 'A ?', 'B ? ?'], ['C']]);
    expect(trips[0]?.values).toEqual([1, 2, [3, 4]]);
  });

  it('puts off what may come later, at most until COMMIT, and gives its id then', async () => {
    const { transaction, sent } = aConnection();
    await transaction.run('A');
    const later = transaction.later('B');
    transaction.later('C');
    expect(later.insertId).toBeUndefined();
    await transaction.commit();
    expect(sent()).toEqual([
      ['START TRANSACTION', 'A'],
      ['B', 'C', 'COMMIT'],
    ]);
    expect(later.insertId).toBe(7);
  });

  it('keeps the order of what was put off and what is asked behind it', async () => {
    const { transaction, sent } = aConnection();
    transaction.later('A');
    await transaction.run('B');
    transaction.later('C');
    await transaction.run('D');
    expect(sent()).toEqual([
      ['START TRANSACTION', 'A', 'B'],
      ['C', 'D'],
    ]);
  });

  it('asks nothing more once a statement failed, COMMIT least of all', async () => {
    const { transaction, sent, failing } = aConnection();
    failing.add('B');
    transaction.later('B');
    await expect(transaction.run('C')).rejects.toThrow('B failed');
    await expect(transaction.run('D')).rejects.toThrow('B failed');
    await expect(transaction.commit()).rejects.toThrow('B failed');
    expect(sent()).toEqual([['START TRANSACTION', 'B', 'C']]);
  });

  it('does not send what was asked while a statement that fails is under way', async () => {
    const { transaction, sent, failing } = aConnection();
    failing.add('A');
    const first = transaction.run('A');
    await Promise.resolve(); // A is under way
    const second = transaction.run('B');
    await expect(first).rejects.toThrow('A failed');
    await expect(second).rejects.toThrow('A failed');
    expect(sent()).toEqual([['START TRANSACTION', 'A']]);
  });

  it('refuses a text that holds more than one statement', () => {
    const { transaction } = aConnection();
    expect(() => transaction.later('A; DROP TABLE messages')).toThrow('more than one statement');
    expect(() => transaction.rows('A; DROP TABLE messages')).toThrow('more than one statement');
  });
});
