/**
 * A plugin of the build: what every route answers and every socket event carries, as JSON Schema, read from the types that
 * the code is compiled with; and what the comments say of routes, events and the fields that they take. Written beside the
 * docs, which publish it; so no second description can drift from the code.
 *
 * Types with a name of their own become `components.schemas`; what JSON Schema cannot say is left open (`{}`).
 */
const { mkdirSync, writeFileSync } = require('node:fs');
const { dirname, join, sep } = require('node:path');
const ts = require('typescript');

/** @typedef {Record<string, unknown>} Schema */

const DEPTH_MAX = 12;
const CONTRACTS = join('src', 'kernel', 'contracts', 'socket-events.ts');
/** Where the classes are that describe what routes and events take. */
const TAKEN = /(\.dto|page-query)\.ts$/;

class WireTypes {
  /** @param {import('typescript').Program} program */
  constructor(program) {
    this.program = program;
    this.checker = program.getTypeChecker();
    /** @type {Record<string, Schema>} */
    this.schemas = {};
    /** Which type has the name. @type {Map<string, import('typescript').Type>} */
    this.named = new Map();
  }

  describe() {
    /** @type {Record<string, Schema>} */
    const routes = {};
    /** @type {{ server: Record<string, Schema>, replies: Record<string, Schema> }} */
    const events = { server: {}, replies: {} };
    /** @type {{ routes: Record<string, string>, events: Record<string, string>, inputs: Record<string, Schema> }} */
    const said = { routes: {}, events: {}, inputs: {} };
    for (const file of this.program.getSourceFiles()) {
      if (file.fileName.endsWith('.controller.ts')) {
        Object.assign(routes, this.routesOf(file));
        Object.assign(said.routes, this.saidOfRoutes(file));
      }
      if (TAKEN.test(file.fileName)) Object.assign(said.inputs, this.saidOfInputs(file));
      if (!file.fileName.split('/').join(sep).endsWith(CONTRACTS)) continue;
      Object.assign(events, this.eventsOf(file));
      said.events = this.saidOf(this.interfaceOf(file, 'ClientEvents'), ({ says }) => says);
    }
    return { routes, events, schemas: this.schemas, said };
  }

  /** By `Controller.method`, as the comment over it. @param {import('typescript').SourceFile} file */
  saidOfRoutes(file) {
    const routes = file.statements
      .filter(ts.isClassDeclaration)
      .flatMap((controller) => controller.members.filter(ts.isMethodDeclaration))
      .filter((method) => ts.canHaveDecorators(method) && ts.getDecorators(method));
    return Object.fromEntries(
      routes.map((method) => {
        const symbol = this.checker.getSymbolAtLocation(method.name);
        return [`${method.parent.name?.text}.${method.name.getText()}`, symbol ? commentOf(symbol, this.checker) : ''];
      }),
    );
  }

  /** By class and field; `of` is the class of a field that has fields itself. @param {import('typescript').SourceFile} file */
  saidOfInputs(file) {
    return Object.fromEntries(
      file.statements.filter(ts.isClassDeclaration).map((shape) => {
        const type = this.checker.getTypeAtLocation(shape);
        const fields = this.saidOf(type, (field) => (field.says || field.of ? field : undefined));
        return [type.symbol.name, { says: commentOf(type.symbol, this.checker), fields }];
      }),
    );
  }

  /** Properties by name, those of which something is said. */
  saidOf(type, keep) {
    const all = this.checker.getPropertiesOfType(type).map((property) => {
      const inner = this.checker.getNonNullableType(this.checker.getTypeOfSymbol(property));
      const item = this.checker.isArrayType(inner) ? this.checker.getTypeArguments(inner)[0] : inner;
      const of = item && item.isClass() ? item.symbol.name : undefined;
      return [property.name, keep({ says: commentOf(property, this.checker), of })];
    });
    return Object.fromEntries(all.filter(([, said]) => said));
  }

  /** By `Controller.method`. @param {import('typescript').SourceFile} file */
  routesOf(file) {
    /** @type {Record<string, Schema>} */
    const routes = {};
    for (const controller of file.statements.filter(ts.isClassDeclaration)) {
      for (const method of controller.members.filter(ts.isMethodDeclaration)) {
        const signature =
          ts.canHaveDecorators(method) && ts.getDecorators(method) && this.checker.getSignatureFromDeclaration(method);
        if (!signature) continue;
        const answer = this.checker.getAwaitedType(this.checker.getReturnTypeOfSignature(signature));
        if (!answer || answer.flags & (ts.TypeFlags.Void | ts.TypeFlags.Undefined)) continue;
        routes[`${controller.name?.text}.${method.name.getText()}`] = this.schemaOf(answer);
      }
    }
    return routes;
  }

  /** @param {import('typescript').SourceFile} file */
  eventsOf(file) {
    const each = (/** @type {string} */ name, /** @type {(type: import('typescript').Type) => Schema} */ schema) =>
      Object.fromEntries(
        this.checker
          .getPropertiesOfType(this.interfaceOf(file, name))
          .map((event) => [event.name, schema(this.checker.getTypeOfSymbol(event))]),
      );
    const replyOf = (/** @type {import('typescript').Type} */ event) => {
      const reply = event.getProperty('reply');
      return reply ? this.schemaOf(this.checker.getTypeOfSymbol(reply)) : {};
    };
    return { server: each('ServerEvents', (type) => this.schemaOf(type)), replies: each('ClientEvents', replyOf) };
  }

  /** @param {import('typescript').SourceFile} file @param {string} name */
  interfaceOf(file, name) {
    const found = file.statements.find(
      (statement) => ts.isInterfaceDeclaration(statement) && statement.name.text === name,
    );
    if (!found) throw new Error(`${CONTRACTS} has no ${name}`);
    return this.checker.getTypeAtLocation(found);
  }

  /** @param {import('typescript').Type} type @returns {Schema} */
  schemaOf(type, depth = 0) {
    const { TypeFlags } = ts;
    if (depth > DEPTH_MAX || type.flags & (TypeFlags.Any | TypeFlags.Unknown | TypeFlags.Never)) return {};
    const said = this.saidBy(type);
    if (said) return this.schemaOf(said, depth);
    if (type.isUnion()) return this.unionOf(type, depth);
    if (type.flags & TypeFlags.Null) return { type: 'null' };
    if (type.flags & TypeFlags.BooleanLiteral)
      return { type: 'boolean', enum: [this.checker.typeToString(type) === 'true'] };
    if (type.isStringLiteral() || type.isNumberLiteral()) return { type: typeof type.value, enum: [type.value] };
    if (type.flags & TypeFlags.StringLike) return { type: 'string' };
    if (type.flags & TypeFlags.NumberLike) return { type: 'number' };
    if (type.flags & TypeFlags.BooleanLike) return { type: 'boolean' };
    if (this.checker.isArrayType(type) || this.checker.isTupleType(type)) {
      const items = this.checker.getTypeArguments(/** @type {import('typescript').TypeReference} */ (type));
      const schemas = distinct(items.map((item) => this.schemaOf(item, depth + 1)));
      return { type: 'array', items: schemas.length === 1 ? schemas[0] : { anyOf: schemas } };
    }
    const name = this.nameOf(type);
    if (name === 'Date') return { type: 'string', format: 'date-time' };
    return name === undefined ? this.objectOf(type, depth) : this.refTo(name, type, depth);
  }

  /** The `T` of `Answer<T>` and `JsonText<T>` (kernel/json-text.ts), which clients read as a `T`. */
  saidBy(type) {
    if (type.aliasSymbol?.name === 'Answer') return type.aliasTypeArguments?.[0];
    return type.symbol?.name === 'JsonText' ? this.checker.getTypeArguments(type)[0] : undefined;
  }

  /** @param {import('typescript').UnionType} type @returns {Schema} */
  unionOf(type, depth) {
    const parts = type.types.filter(({ flags }) => !(flags & ts.TypeFlags.Undefined));
    const schemas = distinct(parts.map((part) => this.schemaOf(part, depth + 1)));
    /** @type {Schema[]} */
    const merged = [];
    for (const kind of ['string', 'number', 'boolean']) {
      const values = schemas.flatMap((schema) =>
        schema.type === kind && Array.isArray(schema.enum) ? schema.enum : [],
      );
      if (values.length === 0) continue;
      merged.push(kind === 'boolean' && values.length === 2 ? { type: kind } : { type: kind, enum: values });
    }
    const all = [...merged, ...schemas.filter((schema) => !('enum' in schema))];
    return all.length === 1 ? (all[0] ?? {}) : { anyOf: all };
  }

  /** @param {import('typescript').Type} type @returns {Schema} */
  objectOf(type, depth) {
    if (this.checker.getSignaturesOfType(type, ts.SignatureKind.Call).length > 0) return {};
    /** @type {Record<string, Schema>} */
    const properties = {};
    const required = [];
    for (const property of this.checker.getPropertiesOfType(type)) {
      const of = this.checker.getTypeOfSymbol(property);
      const said = commentOf(property, this.checker);
      const schema = this.schemaOf(of, depth + 1);
      properties[property.name] = said && !('$ref' in schema) ? { ...schema, description: said } : schema;
      if (!(property.flags & ts.SymbolFlags.Optional)) required.push(property.name);
    }
    const others = this.checker.getIndexTypeOfType(type, ts.IndexKind.String);
    return {
      type: 'object',
      ...(Object.keys(properties).length > 0 && { properties }),
      ...(required.length > 0 && { required }),
      ...(others && { additionalProperties: this.schemaOf(others, depth + 1) }),
    };
  }

  /** The name under which a type is published: its own, when it stands for this type alone. */
  nameOf(type) {
    const generic = (type.aliasTypeArguments ?? []).length > 0 || this.checker.getTypeArguments(type).length > 0;
    const symbol = type.aliasSymbol ?? type.symbol;
    if (generic || !symbol || symbol.name.startsWith('__')) return undefined;
    const named = ts.SymbolFlags.Interface | ts.SymbolFlags.TypeAlias | ts.SymbolFlags.Class;
    return symbol.flags & named ? symbol.name : undefined;
  }

  /** Two types of one name are both written out where the second is met. */
  refTo(name, type, depth) {
    const known = this.named.get(name);
    if (known && known !== type) return this.objectOf(type, depth);
    if (!known) {
      this.named.set(name, type);
      this.schemas[name] = this.objectOf(type, 0);
    }
    return { $ref: `#/components/schemas/${name}` };
  }
}

/** On one line, without its tags. @param {import('typescript').Symbol} symbol @param {import('typescript').TypeChecker} checker */
const commentOf = (symbol, checker) =>
  ts
    .displayPartsToString(symbol.getDocumentationComment(checker))
    .replace(/\s*\n\s*/g, ' ')
    .trim();

/** @param {Schema[]} schemas */
const distinct = (schemas) => [...new Map(schemas.map((schema) => [JSON.stringify(schema), schema])).values()];

/** @param {import('typescript').Program} program */
const describe = (program) => new WireTypes(program).describe();

/** Nest's compiler calls it once, with the program that it is about to emit. @param {import('typescript').Program} program */
function before(_options, program) {
  const root = program.getCompilerOptions().outDir ?? 'dist';
  const path = join(root, 'src', 'platform', 'docs', 'wire-schemas.json');
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, JSON.stringify(describe(program)));
  return () => (/** @type {import('typescript').SourceFile} */ file) => file;
}

module.exports = { before, describe };
