// What typedoc does not do by itself.
import { basename } from 'node:path';
import { Comment, CommentTag, Converter, ReflectionKind, UnionType } from 'typedoc';
import { ApiRouter, placeOf } from './api-router.js';
import { ApiTheme } from './api-theme.js';

/** On which page of docs/api is what a file of lib/ exports, in this order. A file that is in none is an error. */
const CATEGORIES = {
  'System calls': ['mount', 'umount', 'umount-options', 'constants', 'native', 'set-addon', 'load-addon', 'addon'],
  Operations: [
    ...['mount-overlay', 'overlay-plan', 'mount-bind', 'mount-tmpfs', 'mount-filesystem', 'remount-filesystem'],
    ...['mount-attributes', 'move-mount', 'detached', 'attributes', 'parameters', 'propagation'],
    ...['operation', 'target', 'namespace', 'idmap', 'arguments'],
  ],
  Objects: ['mount-handle', 'detached-mount', 'attach'],
  'Overlays on paper': [
    ...['overlay-data', 'overlay-parse', 'overlay-spec', 'overlay-support', 'overlay-survey', 'overlay-trials'],
  ],
  'The mount table': [
    ...['read-mount-table', 'mount-table', 'mount-info', 'mount-entry', 'mount-at', 'watch-mount-table'],
    ...['holders', 'holder-types'],
  ],
  Layers: ['changes', 'change-types', 'layer-marks'],
  'Errors and tracing': ['errors', 'operation-channel'],
};

const categoryOf = new Map(Object.entries(CATEGORIES).flatMap(([name, files]) => files.map((file) => [file, name])));

/** @param {import('typedoc').Application} app */
export function load(app) {
  app.renderer.defineRouter('api', ApiRouter);
  app.renderer.defineTheme('api', ApiTheme);

  app.converter.on(Converter.EVENT_CREATE_DECLARATION, (context, reflection) => {
    if (!reflection.parent?.kindOf(ReflectionKind.Module) || reflection.kindOf(ReflectionKind.Reference)) return;
    const [declaration] = context.getSymbolFromReflection(reflection)?.declarations ?? [];
    const file = basename(declaration?.getSourceFile().fileName ?? '', '.ts');
    const category = categoryOf.get(file);
    if (category === undefined)
      throw new Error(`release/docs/typedoc-plugin.js: ${file}.ts (${reflection.name}) has no category`);
    placeOf.set(reflection, CATEGORIES[category].indexOf(file));
    reflection.comment ??= new Comment();
    reflection.comment.blockTags.push(new CommentTag('@category', [{ kind: 'text', text: category }]));
  });

  // A value is in the type, or nobody's business (`addon.pageSize`).
  app.converter.on(Converter.EVENT_CREATE_DECLARATION, (_, reflection) => {
    reflection.defaultValue = undefined;
  });

  // Types as they are written in the code. Of a union that TypeScript has reduced typedoc does not find the name again
  // (`OverlaySpec`), and would write down each of its seventy combinations wherever it is taken or returned.
  const asWritten = (context, reflection, node) => {
    if (node === undefined || reflection.type === undefined) return;
    context.project.removeTypeReflections(reflection.type);
    reflection.type = context.converter.convertType(context.withScope(reflection), node);
  };
  app.converter.on(Converter.EVENT_CREATE_SIGNATURE, (context, signature, declaration) => {
    const inSignature = context.withScope(signature);
    asWritten(context, signature, declaration?.type);
    for (const [index, parameter] of (signature.parameters ?? []).entries()) {
      asWritten(inSignature, parameter, declaration?.parameters?.[index]?.type);
    }
  });
  app.converter.on(Converter.EVENT_CREATE_DECLARATION, (context, property) => {
    if (!property.kindOf(ReflectionKind.Property) || !property.parent?.kindOf(ReflectionKind.ClassOrInterface)) return;
    asWritten(context, property, context.getSymbolFromReflection(property)?.valueDeclaration?.type);
    if (!property.flags.isOptional || !(property.type instanceof UnionType)) return;
    // The question mark says so.
    const types = property.type.types.filter((type) => type.toString() !== 'undefined');
    property.type = types.length === 1 ? types[0] : new UnionType(types);
  });
}
