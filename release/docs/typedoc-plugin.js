// The typedoc plugin of docs/api: assigns exports to pages, and shows types as the source code writes them.
import { Comment, CommentTag, Converter, ReflectionKind, UnionType } from 'typedoc';
import { ApiRouter, placeOf } from './api-router.js';
import { ApiTheme } from './api-theme.js';

/**
 * The pages of docs/api, each with the files or folders of lib/ whose exports it shows, in this order. A file without a
 * page is an error.
 */
const CATEGORIES = {
  'System calls': ['mounts/mount', 'umount/umount', 'umount/options', 'kernel/constants', 'kernel/native', 'set-addon'],
  Operations: [
    ...['mounts/overlay/mount-overlay', 'mounts/overlay/plan', 'mounts/bind', 'mounts/filesystem/mount-tmpfs'],
    ...['mounts/filesystem', 'mounts/change', 'mounts/detached/detached', 'operation/options', 'arguments'],
  ],
  Objects: ['mounts/handle', 'mounts/detached/detached-mount', 'mounts/detached/attach'],
  'Overlays on paper': ['overlay'],
  'The mount table': ['table', 'umount/holders', 'umount/holder-types'],
  Layers: ['layers'],
  'Errors and tracing': ['kernel/errors', 'operation/channel'],
};

const pages = Object.entries(CATEGORIES).flatMap(([category, paths]) =>
  paths.map((path, place) => ({ category, path, place })),
);

/** Returns the page of a file of lib/ (`mounts/mount.ts`), and the position on the page. */
function pageOf(file) {
  return pages.find(({ path }) => file === `${path}.ts` || file.startsWith(`${path}/`));
}

/** @param {import('typedoc').Application} app */
export function load(app) {
  app.renderer.defineRouter('api', ApiRouter);
  app.renderer.defineTheme('api', ApiTheme);

  app.converter.on(Converter.EVENT_CREATE_DECLARATION, (context, reflection) => {
    if (!reflection.parent?.kindOf(ReflectionKind.Module) || reflection.kindOf(ReflectionKind.Reference)) return;
    const [declaration] = context.getSymbolFromReflection(reflection)?.declarations ?? [];
    const file = declaration?.getSourceFile().fileName.split('/lib/').at(-1) ?? '';
    const page = pageOf(file);
    if (page === undefined)
      throw new Error(`release/docs/typedoc-plugin.js: lib/${file} (${reflection.name}) has no page in docs/api`);
    const { category, place } = page;
    placeOf.set(reflection, place);
    reflection.comment ??= new Comment();
    reflection.comment.blockTags.push(new CommentTag('@category', [{ kind: 'text', text: category }]));
  });

  // A default value is either a part of the type or no part of the interface (`addon.pageSize`).
  app.converter.on(Converter.EVENT_CREATE_DECLARATION, (_, reflection) => {
    reflection.defaultValue = undefined;
  });

  // Shows types as the source code writes them. typedoc loses the name of a union that TypeScript has reduced
  // (`OverlaySpec`), and would print all of its seventy combinations wherever the union occurs.
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
    // The question mark of an optional property already means undefined.
    const types = property.type.types.filter((type) => type.toString() !== 'undefined');
    property.type = types.length === 1 ? types[0] : new UnionType(types);
  });
}
