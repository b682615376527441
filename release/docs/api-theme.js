// How a page of docs/api looks: short enough to be read in an editor, and with no headings but the names of what it tells.
import { ReflectionKind, ReflectionType } from 'typedoc';
import { MarkdownTheme, MarkdownThemeContext } from 'typedoc-plugin-markdown';

const NOTICE = '<!-- Made from the docstrings in lib/ by: npm run docs. Do not edit. -->';

// Headings of the plugin above a table whose first line says the same, or above what speaks for itself.
const SUPERFLUOUS = [
  ...['Parameters', 'Properties', 'Type Declaration', 'Union Members', 'Methods', 'Accessors', 'Constructors'],
  ...['Get Signature', 'Type Parameters'],
].join('|');

// The longest list of parameters, and the longest type, that is in one line.
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
        // Members of a class are one level below it.
        .replace(/^#{5,6} /gm, '#### ')
        // A property of an argument that has its name and type in the line of the argument, and nothing more to say.
        .replace(/^\| `\w+\.[\w.]+\??` \|.*\| - \|\n/gm, '')
        .replace(/ \| - \|$/gm, ' | |'),
    );
  }
}

/** Changes a page's text; of its code only what nobody sees. */
function inMarkdown(page, change) {
  return page
    .split(/^(```.*?^```\n)/ms)
    .map((part) => (part.startsWith('```') ? part.replace(/ +$/gm, '').replace(/^\|/gm, '  |') : change(part)))
    .join('');
}

/** How long something is in code, without links and the marks of Markdown. */
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

    this.partials.comment = (model, said) => comment(model, { ...said, headingLevel: undefined });

    // As this project's code is written: two spaces, and one line where there is room for one.
    this.partials.signatureParameters = (parameters, said) => {
      const lines = signatureParameters(parameters, said);
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
    this.partials.declarationType = (model, said) => {
      const lines = declarationType(model, said);
      const line = lines.replace(/\n +/g, ' ').replace(/;\n/, ' ');
      return lengthOf(line) <= TYPE ? line : lines;
    };

    // An object of many values is told by its table alone.
    this.partials.declarationTitle = (model) =>
      model.kindOf(ReflectionKind.Variable) && model.type instanceof ReflectionType ? '' : declarationTitle(model);

    // What differs between the signatures of a function is in their types; the words are the same. Its table and its result
    // are those of the signature for text, not of the one for bytes.
    this.partials.signatures = (model, said) => {
      const all = model.signatures ?? [];
      if (all.length < 2) return signatures(model, said);
      const titles = all.map((signature) => this.partials.signatureTitle(signature));
      const usual = Math.max(
        0,
        titles.findIndex((title) => !title.includes('Buffer')),
      );
      const together = titles.join('\n').replaceAll('\n```\n```ts\n', '\n');
      return `${together}\n\n${this.partials.signature(all[usual], { ...said, hideTitle: true })}`;
    };

    // The signature has the types. A table or a paragraph is for words about them and for links, which code cannot have.
    this.partials.parametersTable = (parameters) => {
      const table = parametersTable(parameters);
      const isTold = parameters.some((parameter) => parameter.hasComment());
      return isTold || (table.includes('](') && !parameters[0].parent.name.endsWith('Sync')) ? table : '';
    };
    this.partials.signatureReturns = ({ kind, type, comment: told }) => {
      const words = this.helpers.getCommentParts(told?.getTag('@returns')?.content ?? []);
      const name = this.partials.someType(type);
      if (words === '' && (kind === ReflectionKind.ConstructorSignature || !name.includes(']('))) return '';
      return `**Returns** ${name}${words === '' ? '' : `: ${words}`}`;
    };

    // The members of a union that have something to say, in one table.
    this.partials.typeDeclarationUnionContainer = ({ type, kind }) => {
      const literals = type.types.filter((member) => member instanceof ReflectionType);
      return this.partials.typeDeclarationTable(
        literals.flatMap(({ declaration }) => declaration.children ?? []),
        { kind },
      );
    };

    this.partials.hierarchy = ({ types, isTarget }) => {
      // What is not exported has no name here; what comes from it is in the table.
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

  /** Each page, with a line for each function, class and constant; types by name. */
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
      'Every function, class and type of the package, as its docstring tells it. Each operation has two forms: the one that',
      'returns a promise runs on a thread of its own, and the one whose name ends with `Sync` runs on the calling thread.',
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
