// SPDX-License-Identifier: Apache-2.0
import { readConfig } from '../../../../src/config/read.ts';
import { renderDiagnostics } from '../../../../src/sxp/render.ts';
import { options } from '../classes.ts';

/** Reads a Python-style text with words of a command line; gives the configuration, and what is said about the text. */
export function readPythonText(text: string, variables: readonly string[] = [], name = 'web') {
  const source = { name, text };
  const { configs, diagnostics } = readConfig(source, { ...options, variables });
  return {
    config: configs?.[0],
    /** `MARKED => MESSAGE` */
    findings: diagnostics.map(
      ({ message, span }) => `${(span.source ?? source).text.slice(span.start, span.end)} => ${message}`,
    ),
    hints: diagnostics.map(({ hint }) => hint),
    severities: diagnostics.map(({ severity }) => severity),
    rendered: renderDiagnostics(source, diagnostics),
  };
}

/** The value that an expression has, as the text of an argument of the kernel; `before` comes first. */
export function textOf(expression: string, before = ''): string | undefined {
  const { config, findings } = readPythonText(`${before}\nkernel = 'shell'\nextra = str(${expression})\n`);
  return config?.image.args ?? findings.join('\n');
}
