// The pages of docs/api: one for each category, whichever module exports its members, and an index.
import { DeclarationReflection, ReflectionGroup, ReflectionKind } from 'typedoc';
import { ModuleRouter } from 'typedoc-plugin-markdown';

/** The headings of a page in their order, each with the names of the typedoc groups below it. */
const HEADINGS = {
  Functions: ['Functions'],
  Classes: ['Classes'],
  Values: ['Variables'],
  Types: ['Interfaces', 'Type Aliases'],
};

/** The position of an export among the files of its category. */
export const placeOf = new WeakMap();

/**
 * The markdown plugin writes a page for each module. So this router turns each category into a module, after typedoc
 * has checked the real modules.
 */
export class ApiRouter extends ModuleRouter {
  /** The module from which the exports of a page are imported, by the name of the page. */
  importedFrom = new Map();

  /** @param {import('typedoc').ProjectReflection} project */
  buildPages(project) {
    const modules = [...(project.children ?? [])];
    const order = this.application.options.getValue('categoryOrder');
    const pages = modules
      .flatMap((module) => module.categories.flatMap((category) => this.#page(project, module, category) ?? []))
      .sort((a, b) => order.indexOf(a.name) - order.indexOf(b.name));
    for (const module of modules) project.removeChild(module);
    for (const page of pages) project.addChild(page);
    project.groups = undefined;
    project.categories = undefined;
    return super.buildPages(project);
  }

  #page(project, module, category) {
    // An export that the second module exports again is on the page of the first module.
    const own = category.children
      .filter((child) => !child.kindOf(ReflectionKind.Reference))
      .sort((a, b) => placeOf.get(a) - placeOf.get(b));
    if (own.length === 0) return undefined;
    if (this.importedFrom.has(category.title)) throw new Error(`Two modules export members of "${category.title}"`);
    this.importedFrom.set(category.title, module.name);
    const page = new DeclarationReflection(category.title, ReflectionKind.Module, project);
    page.groups = Object.entries(HEADINGS).flatMap(([title, kinds]) => {
      const group = new ReflectionGroup(title, page);
      group.children = own.filter((child) => kinds.includes(ReflectionKind.pluralString(child.kind)));
      return group.children.length === 0 ? [] : [group];
    });
    for (const child of page.groups.flatMap(({ children }) => children)) {
      child.parent = page;
      page.addChild(child);
    }
    if (page.children?.length !== own.length) throw new Error(`"${category.title}" has a member of another kind`);
    return page;
  }

  getIdealBaseName(reflection) {
    if (!reflection.kindOf(ReflectionKind.Module)) return super.getIdealBaseName(reflection);
    return reflection.name.toLowerCase().replaceAll(' ', '-');
  }

  /** A function and its signatures share one heading, and so one anchor. */
  buildAnchors(target, page) {
    if (target.kindOf?.(ReflectionKind.CallSignature) && target.parent?.kindOf(ReflectionKind.Function)) return;
    super.buildAnchors(target, page);
  }
}
