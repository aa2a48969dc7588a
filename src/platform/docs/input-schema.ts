import { schemaOf, type Shape } from '../entry/shapes';
import type { WireTypes } from './wire-types';

type Schema = Record<string, unknown>;
type Inputs = WireTypes['said']['inputs'];

/** The schema that checks an input, with what the comments of its class say of it and of its fields. */
export function inputSchema(shape: Shape, inputs: Inputs): Schema {
  const says = inputs[shape.name]?.says;
  const schema = withFields(schemaOf(shape), shape.name, inputs);
  return says ? { description: says, ...schema } : schema;
}

function withFields(schema: Schema, name: string | undefined, inputs: Inputs): Schema {
  const said = name === undefined ? undefined : inputs[name]?.fields;
  const properties = schema.properties as Record<string, Schema> | undefined;
  if (!said || !properties) return schema;
  return {
    ...schema,
    properties: Object.fromEntries(
      Object.entries(properties).map(([field, own]) => {
        const { says, of } = said[field] ?? {};
        const items = own.items as Schema | undefined;
        const inner = items ? { ...own, items: withFields(items, of, inputs) } : withFields(own, of, inputs);
        return [field, says ? { description: says, ...inner } : inner];
      }),
    ),
  };
}
