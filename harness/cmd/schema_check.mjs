// Checks scenario files against scenarios/schema.json with an independent validator (ajv).
//
//   node schema_check.mjs AJV_FOLDER SCHEMA good FILE…   every file must be valid
//   node schema_check.mjs AJV_FOLDER SCHEMA bad FILE…    every file must be refused
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { resolve } from 'node:path';

const [folder, schemaPath, kind, ...files] = process.argv.slice(2);
const Ajv = createRequire(resolve(folder, 'package.json'))('ajv');
const schema = JSON.parse(readFileSync(schemaPath, 'utf8'));
const ajv = new Ajv({
  strict: true,
  strictRequired: false,
  allowUnionTypes: true,
  allErrors: true,
});
const validate = ajv.compile(schema);

// Comments are blanked, strings are left alone.
const parse = (text) =>
  JSON.parse(text.replace(/"(?:[^"\\]|\\.)*"|\/\/[^\n]*|\/\*[^]*?\*\//g,
    (found) => (found[0] === '"' ? found : ' ')));

let wrongCount = 0;
for (const file of files) {
  const isValid = validate(parse(readFileSync(file, 'utf8')));
  if (isValid === (kind === 'good')) continue;
  wrongCount++;
  console.log(`${file}: ${isValid ? 'is accepted' : ajv.errorsText(validate.errors)}`);
}
console.log(`${files.length} files, ${wrongCount} wrong`);
process.exit(files.length > 0 && wrongCount === 0 ? 0 : 1);
