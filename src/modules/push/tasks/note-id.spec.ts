import { noteId } from './note-id';

it('the id of a push never changes: workers of two versions send the same one', () => {
  expect(noteId('7:42:1001')).toBe('29b28b0c-8acb-5206-ac90-948ae7345363');
});
