// The layout of the pages of docs/api: short enough to read in an editor, with only the names of the exports as
// headings.
import { ReflectionKind, ReflectionType } from 'typedoc';
import { MarkdownTheme, MarkdownThemeContext } from 'typedoc-plugin-markdown';

const NOTICE = '<!-- Made from the docstrings in lib/ by: npm run docs. Do not edit. -->';

// The plugin puts these headings above a table that already names its content in the first line, or above content that
// needs no heading.
const SUPERFLUOUS = [
  ...['Parameters', 'Properties', 'Type Declaration', 'Union Members', 'Methods', 'Accessors', 'Constructors'],
  ...['Get Signature', 'Type Parameters'],
].join('|');

// The longest parameter list and the longest type that stay on one line.
const LINE = 76;
const TYPE = 104;

export class ApiTheme extends MarkdownTheme {
  getRenderContext(page) {
    return new ApiContext(this, page, this.application.options);
  }

  render(page) {
    return inMarkdown(super.render(page), (text) =>
      text
        .replace(new RegExp(`^#{3,6} (?:${SUPERFLUOUS})\n+`, 'gm'), '')
        .replace(
          /^#{3,6} Implements\n\n((?:- .*\n)+)/gm,
          (_, list) => `Implements ${list.match(/`.*`/g).join(', ')}.\n`,
        )
        .replace(/^\*\*(Throws|See)\*\*\n\n(?! *-)/gm, '**$1** ')
        // Members of a class are one level below the class.
        .replace(/^#{5,6} /gm, '#### ')
        // A property of an argument without a description repeats only the name and type in the line of the argument.
        .replace(/^\| `\w+\.[\w.]+\??` \|.*\| - \|\n/gm, '')
        .replace(/ \| - \|$/gm, ' | |'),
    );
  }
}

/** Changes the text of a page. In code blocks, only characters that the page does not show change. */
function inMarkdown(page, change) {
  return page
    .split(/^(```.*?^```\n)/ms)
    .map((part) => (part.startsWith('```') ? part.replace(/ +$/gm, '').replace(/^\|/gm, '  |') : change(part)))
    .join('');
}

/** Returns the length of code without Markdown links and escapes. */
const lengthOf = (text) => text.replace(/\[([^\]]*)\]\([^)]*\)/g, '$1').replace(/[`\\]/g, '').length;

class ApiContext extends MarkdownThemeContext {
  constructor(theme, page, options) {
    super(theme, page, options);
    const { comment, signatures, signatureParameters, declarationTitle, declarationType, unionType, parametersTable } =
      this.partials;
    const { reflection } = this.templates;

    this.templates.reflection = (event) =>
      event.model.kindOf(ReflectionKind.Project)
        ? this.#index(event.model)
        : this.#page(event.model, reflection(event));

    this.partials.comment = (model, options) => comment(model, { ...options, headingLevel: undefined });

    // Signatures have the form of this project's code: two spaces of indent, and one line where it is long enough.
    this.partials.signatureParameters = (parameters, options) => {
      const lines = signatureParameters(parameters, options);
      const line = lines
        .replace(/\(\n +/, '(')
        .replace(/, *\n {3}/g, ', ')
        .replace(/\n\)$/, ')');
      if (lengthOf(line) <= LINE) return line;
      return lines
        .replace(/\(\n +/, '(\n  ')
        .replace(/, *\n {3}/g, ',\n  ')
        .replace(/\n\)$/, ',\n)');
    };
    this.partials.unionType = (model) => {
      const lines = unionType(model);
      const line = lines.replace(/^\n +\\\| /, '').replace(/\n +\\\| /g, ' \\| ');
      return lengthOf(line) <= LINE ? line : lines;
    };
    this.partials.declarationType = (model, options) => {
      const lines = declarationType(model, options);
      const line = lines.replace(/\n +/g, ' ').replace(/;\n/, ' ');
      return lengthOf(line) <= TYPE ? line : lines;
    };

    // An object with many values is described by its table alone.
    this.partials.declarationTitle = (model) =>
      model.kindOf(ReflectionKind.Variable) && model.type instanceof ReflectionType ? '' : declarationTitle(model);

    // The signatures of a function differ in their types and have the same description. The table and the result are
    // those of the signature that returns text, not of the signature that returns bytes.
    this.partials.signatures = (model, options) => {
      const all = model.signatures ?? [];
      if (all.length < 2) return signatures(model, options);
      const titles = all.map((signature) => this.partials.signatureTitle(signature));
      const usual = Math.max(
        0,
        titles.findIndex((title) => !title.includes('Buffer')),
      );
      const together = titles.join('\n').replaceAll('\n```\n```ts\n', '\n');
      return `${together}\n\n${this.partials.signature(all[usual], { ...options, hideTitle: true })}`;
    };

    // The signature shows the types. A table or a paragraph adds descriptions, and links, which code cannot have.
    this.partials.parametersTable = (parameters) => {
      const table = parametersTable(parameters);
      const isTold = parameters.some((parameter) => parameter.hasComment());
      return isTold || (table.includes('](') && !parameters[0].parent.name.endsWith('Sync')) ? table : '';
    };
    this.partials.signatureReturns = ({ kind, type, comment: description }) => {
      const words = this.helpers.getCommentParts(description?.getTag('@returns')?.content ?? []);
      const name = this.partials.someType(type);
      if (words === '' && (kind === ReflectionKind.ConstructorSignature || !name.includes(']('))) return '';
      return `**Returns** ${name}${words === '' ? '' : `: ${words}`}`;
    };

    // The members of a union that have a description, in one table.
    this.partials.typeDeclarationUnionContainer = ({ type, kind }) => {
      const literals = type.types.filter((member) => member instanceof ReflectionType);
      return this.partials.typeDeclarationTable(
        literals.flatMap(({ declaration }) => declaration.children ?? []),
        { kind },
      );
    };

    this.partials.hierarchy = ({ types, isTarget }) => {
      // A type that is not exported has no name for readers. The table shows its members.
      const named = (types ?? []).filter((type) => type.reflection !== undefined || type.package !== 'linux-mount');
      if (isTarget || named.length === 0) return '';
      return `Extends ${named.map((type) => this.partials.someType(type)).join(', ')}.`;
    };
    this.partials.inheritance = () => '';
  }

  #page({ name }, text) {
    const from = `From \`${this.router.importedFrom.get(name)}\`. [All pages](README.md).`;
    return `${NOTICE}\n\n${text.trim().replace('\n', `\n\n${from}\n`)}`;
  }

  /** Lists each page, with a line for each function, class and constant, and the types by name. */
  #index(project) {
    const pages = project.children.map((page) => {
      const [types, others] = [true, false].map((isType) =>
        page.children.filter((child) => child.kindOf([ReflectionKind.Interface, ReflectionKind.TypeAlias]) === isType),
      );
      const byName = new Map(others.map((child) => [child.name, child]));
      const rows = others
        .filter(({ name }) => !(name.endsWith('Sync') && byName.has(name.slice(0, -'Sync'.length))))
        .map((child) => {
          const both = [child, byName.get(`${child.name}Sync`)].filter((each) => each !== undefined);
          return `| ${both.map((each) => this.#link(each)).join(', ')} | ${this.#firstSentence(child)} |\n`;
        });
      const from = `Imported from \`${this.router.importedFrom.get(page.name)}\`.`;
      return [
        `## [${page.name}](${this.urlTo(page)})`,
        from,
        ...(rows.length === 0 ? [] : [`| | |\n| --- | --- |\n${rows.join('')}`]),
        ...(types.length === 0 ? [] : [`Types: ${types.map((type) => this.#link(type)).join(', ')}.`]),
      ].join('\n\n');
    });
    const intro = [
      'Every function, class and type of the package, with its docstring. Each operation has two forms: the form that',
      'returns a promise runs on its own thread, and the form whose name ends with `Sync` runs on the calling thread.',
    ].join('\n');
    return [NOTICE, '# API reference', intro, ...pages].join('\n\n');
  }

  #link(reflection) {
    return `[\`${reflection.name}\`](${this.urlTo(reflection)})`;
  }

  #firstSentence(reflection) {
    const { comment } = reflection.signatures?.[0] ?? reflection;
    const text = this.helpers.getDescriptionForComment(comment) ?? '';
    return text.split(/(?<=\.) /)[0];
  }
}
