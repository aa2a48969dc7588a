import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

type Schema = Record<string, unknown>;

/** What the comments of the code say of a class of the door's inputs. */
export interface SaidOfShape {
  says: string;
  /** `of`: the class of a field that has fields itself. */
  fields: Record<string, { says: string; of?: string }>;
}

/** What routes answer and events carry, read from the types of the code by the build (scripts/wire-types.cjs). */
export interface WireTypes {
  /** By `Controller.method`; absent for those that answer nothing. */
  routes: Record<string, Schema>;
  events: { server: Record<string, Schema>; replies: Record<string, Schema> };
  /** What they refer to as `#/components/schemas/…`. */
  schemas: Record<string, Schema>;
  /** The comments over what clients call and send: routes by `Controller.method`, client events, DTO classes. */
  said: { routes: Record<string, string>; events: Record<string, string>; inputs: Record<string, SaidOfShape> };
}

const NONE: WireTypes = {
  routes: {},
  events: { server: {}, replies: {} },
  schemas: {},
  said: { routes: {}, events: {}, inputs: {} },
};
const PATH = join(__dirname, 'wire-schemas.json');

/** Sources that run without a build (tests) publish what is asked, and not what is answered. */
export const readWireTypes = (): WireTypes =>
  existsSync(PATH) ? (JSON.parse(readFileSync(PATH, 'utf8')) as WireTypes) : NONE;
