/**
 * Writes dist/custom-elements.json and, from it, what editors and frameworks want to know of the tags: VS Code's custom
 * data and the typings of React, Vue and Svelte. Runs after the compiler: attributes and defaults are asked of the
 * compiled elements themselves, descriptions and types are read in the source.
 */
import { existsSync, writeFileSync } from 'node:fs';

const elementModules = ['page/element', 'panel-element'].filter(name => existsSync(`dist/${name}.js`));

/** Enough of a DOM to ask an element for its defaults. */
globalThis.HTMLElement ??= class {
  getAttribute() {
    return null;
  }
  hasAttribute() {
    return false;
  }
};

/** @type {Record<string, CustomElementConstructor>} */
const compiled = Object.assign({}, ...(await Promise.all(elementModules.map(name => import(`./dist/${name}.js`)))));

const toOutput = path => path.replace(/^src\//, 'dist/').replace(/\.ts$/, '.js');

const toCamelCase = attribute => attribute.replace(/-./g, ([, letter]) => letter.toUpperCase());

/** Property → attribute, of those that can be set in markup; a Lit element declares both, a plain one its attributes. */
const attributesOf = ({ elementProperties, observedAttributes }) => {
  if (!elementProperties) return new Map(observedAttributes.map(name => [toCamelCase(name), name]));
  const settable = [...elementProperties].filter(([, { attribute }]) => attribute !== false);
  return new Map(settable.map(([name, { attribute }]) => [name, attribute || name.toLowerCase()]));
};

const isSettable = (name, { prototype }) => !!Object.getOwnPropertyDescriptor(prototype, name)?.set;

/** Private members, and what the platform or the base class calls, are nobody's business. */
const isPublic = ({ name, privacy, static: isStatic }, element) =>
  !isStatic && !privacy && !name.startsWith('#') && !(name in Object.getPrototypeOf(element.prototype));

const completeField = (field, element, initial, attributes) => {
  const value = initial[field.name];
  field.default = Object(value) === value || value === undefined ? undefined : JSON.stringify(value);
  field.attribute = attributes.get(field.name);
  if (!isSettable(field.name, element)) field.readonly = true;
};

const complete = (declaration, element) => {
  // Reading it is what makes the base class collect the properties.
  if (!element.observedAttributes) return;
  const attributes = attributesOf(element);
  const initial = new element();
  declaration.members = declaration.members.filter(member => isPublic(member, element));
  const fields = declaration.members.filter(({ kind }) => kind === 'field');
  for (const field of fields) completeField(field, element, initial, attributes);
  declaration.events = declaration.events?.filter(({ name }) => name);
  declaration.attributes = fields
    .filter(({ attribute }) => attribute)
    .map(({ attribute, name, description, type, default: value }) => ({
      name: attribute,
      fieldName: name,
      description,
      type,
      default: value,
    }));
};

const tagsOf = manifest => manifest.modules.flatMap(({ declarations = [] }) => declarations).filter(d => d.tagName);

const htmlData = tags => ({
  version: 1.1,
  tags: tags.map(({ tagName, description, attributes }) => ({
    name: tagName,
    description,
    attributes: attributes.map(({ name, description }) => ({ name, description })),
  })),
});

/** `/** … *\/ name?: Class['name']`, for the attributes, the properties and the listeners as `listener` spells them. */
const members = ({ name: className, attributes, members = [], events = [] }, listener) => {
  const line = (name, description, type) =>
    `  /** ${description ?? ''} */\n  '${name}'?: ${type};`.replace('/**  */\n  ', '');
  const settable = members.filter(({ kind, readonly }) => kind === 'field' && !readonly);
  return [
    // An attribute without a property is a plain string.
    ...attributes.map(({ name, fieldName, description }) =>
      line(name, description, fieldName ? `${className}['${fieldName}']` : 'string'),
    ),
    ...settable
      .filter(({ name }) => !attributes.some(attribute => attribute.name === name))
      .map(({ name, description }) => line(name, description, `${className}['${name}']`)),
    ...events.map(({ name, description, type }) => line(listener(name), description, `(event: ${type.text}) => void`)),
  ].join('\n');
};

const interfaces = (tags, listener) =>
  tags.map(tag => `export interface ${tag.name}Props {\n${members(tag, listener)}\n}\n`).join('\n');

const imports = tags => {
  const names = tags.flatMap(({ name, events = [] }) => [name, ...events.map(({ type }) => type.text)]);
  return `import type { ${[...new Set(names)].sort().join(', ')} } from './index.js';`;
};

const entries = (tags, toType) => tags.map(tag => `'${tag.tagName}': ${toType(tag.name)};`).join('\n      ');

/** React 19 sets properties on custom elements and listens where a prop begins with `on`. */
const react = tags => `import type { DetailedHTMLProps, HTMLAttributes } from 'react';
${imports(tags)}

${interfaces(tags, name => `on${name}`)}
declare module 'react' {
  namespace JSX {
    interface IntrinsicElements {
      ${entries(tags, name => `DetailedHTMLProps<HTMLAttributes<${name}>, ${name}> & ${name}Props`)}
    }
  }
}
`;

/** `@some-event` in a template is the prop `onSomeEvent`. */
const toVueListener = name => `on-${name}`.replace(/-(\w)/g, (_, letter) => letter.toUpperCase());

const vue = tags => `import type { HTMLAttributes, PublicProps } from 'vue';
${imports(tags)}

${interfaces(tags, toVueListener)}
declare module 'vue' {
  interface GlobalComponents {
      ${entries(tags, name => `new () => ${name} & { $props: HTMLAttributes & PublicProps & ${name}Props }`)}
  }
}
`;

const svelte = tags => `import type { HTMLAttributes } from 'svelte/elements';
${imports(tags)}

${interfaces(tags, name => `on${name}`)}
declare module 'svelte/elements' {
  interface SvelteHTMLElements {
      ${entries(tags, name => `HTMLAttributes<${name}> & ${name}Props`)}
  }
}
`;

const compiledElements = {
  name: 'compiled-elements',
  /** The analyzer reads every JSDoc tag but `@element`. */
  analyzePhase({ ts, node, moduleDoc }) {
    if (!ts.isClassDeclaration(node)) return;
    const tag = ts.getJSDocTags(node).find(({ tagName }) => tagName.text === 'element');
    const declaration = moduleDoc.declarations?.find(({ name }) => name === node.name?.text);
    if (tag && declaration) Object.assign(declaration, { customElement: true, tagName: `${tag.comment}`.trim() });
  },
  packageLinkPhase({ customElementsManifest: manifest }) {
    for (const module of manifest.modules) {
      module.path = toOutput(module.path);
      for (const { declaration } of module.exports ?? []) declaration.module &&= toOutput(declaration.module);
      module.declarations = module.declarations?.filter(({ kind }) => kind === 'class');
    }
    const define = manifest.modules.find(({ path }) => path === 'dist/define.js');
    define.exports = tagsOf(manifest).map(({ name, tagName }) => ({
      kind: 'custom-element-definition',
      name: tagName,
      declaration: { name, module: manifest.modules.find(m => m.declarations?.some(d => d.name === name)).path },
    }));
    for (const declaration of tagsOf(manifest)) complete(declaration, compiled[declaration.name]);
    const tags = tagsOf(manifest);
    writeFileSync('dist/vscode.html-custom-data.json', `${JSON.stringify(htmlData(tags), null, 2)}\n`);
    for (const [name, text] of Object.entries({ react, vue, svelte })) writeFileSync(`dist/${name}.d.ts`, text(tags));
  },
};

export default {
  globs: [
    ...elementModules.map(name => `src/${name}.ts`),
    'src/page/gate-event.ts',
    'src/page/delivery-events.ts',
    'src/define.ts',
  ],
  outdir: 'dist',
  packagejson: false,
  plugins: [compiledElements],
};
