/** dist/custom-elements.json, as far as the documentation reads it. */
import { readFileSync } from 'node:fs';

interface Typed {
  text: string;
}

export interface Attribute {
  name: string;
  fieldName?: string;
  description?: string;
  type: Typed;
  default?: string;
}

export interface Field {
  kind: 'field';
  name: string;
  type?: Typed;
  description?: string;
  attribute?: string;
  readonly?: boolean;
}

export interface Method {
  kind: 'method';
  name: string;
  description?: string;
  parameters?: { name: string; optional?: boolean; type: Typed }[];
  return: { type: Typed };
}

export interface Declaration {
  name: string;
  tagName?: string;
  description?: string;
  attributes: Attribute[];
  members?: (Field | Method)[];
  events?: { name: string; type: Typed; description?: string }[];
  cssParts?: { name: string; description?: string }[];
}

export const declarations = (): Declaration[] => {
  const { modules } = JSON.parse(readFileSync('dist/custom-elements.json', 'utf8')) as {
    modules: { declarations?: Declaration[] }[];
  };
  return modules.flatMap(({ declarations: found = [] }) => found);
};
