// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from 'vitest';
import { bootLine } from '../../../../../src/domain/kernels/shell/boot-line.ts';
import { expand, parseLine } from '../../../../../src/domain/kernels/shell/syntax.ts';

const variables = new Map([
  ['disk', 'xvda'],
  ['two', 'a b'],
  ['?', '1'],
]);

const read = (line: string) => parseLine(line).map((words) => words.map((word) => expand(word, variables)));

describe('a line becomes words', () => {
  test.each<[line: string, commands: string[][]]>([
    ['', []],
    ['  \t ', []],
    ['ls', [['ls']]],
    ['  read  xvda 0\t5 ', [['read', 'xvda', '0', '5']]],
    ['a; b c ;d', [['a'], ['b', 'c'], ['d']]],
    [';; a ;', [['a']]],
    ['echo \'a; b\' "c d"', [['echo', 'a; b', 'c d']]],
    ['echo a\'b c\'"d"e', [['echo', 'ab cde']]],
    ["set x ''", [['set', 'x', '']]],
    ['set x ""', [['set', 'x', '']]],
    ['echo "a\\n\\t\\\\\\"\\$x"', [['echo', 'a\n\t\\"$x']]],
    ["echo '\\n$disk'", [['echo', '\\n$disk']]],
    ['echo a\\ b \\; \\$disk \\"', [['echo', 'a b', ';', '$disk', '"']]],
    ['sum $disk', [['sum', 'xvda']]],
    // biome-ignore lint/suspicious/noTemplateCurlyInString: the syntax of the shell
    ['echo /dev/${disk}1 "$disk!" $disk.x', [['echo', '/dev/xvda1', 'xvda!', 'xvda.x']]],
    ['echo $two', [['echo', 'a b']]],
    ['echo $none', [['echo', '']]],
    ['echo $?', [['echo', '1']]],
    ['echo $ 5$ "$" $1', [['echo', '$', '5$', '$', '$1']]],
    ['# all of it', []],
    ['ls # rest; x', [['ls']]],
    ['ls;#x', [['ls']]],
    ['echo a#b "#" \'\'#c', [['echo', 'a#b', '#', '#c']]],
    ['echo grüße 你好', [['echo', 'grüße', '你好']]],
  ])('%j', (line, commands) => {
    expect(read(line)).toEqual(commands);
  });

  test.each<[line: string, message: string]>([
    ['echo "a', 'A double quote is not closed.'],
    ["echo 'a", 'A single quote is not closed.'],
    ['echo a\\', "There is nothing after the last '\\'."],
    ['echo "\\q"', "Unknown escape '\\q' between double quotes."],
  ])('%j is an error', (line, message) => {
    expect(() => parseLine(line)).toThrow(message);
  });
});

describe('args of an image name commands', () => {
  test.each<[args: string, line: string]>([
    ['', ''],
    ['root=/dev/xvda ro 4', ''],
    ["it's mine", ''],
    ['-c ls', 'ls'],
    ["quiet -c 'sum xvda; exit' more", 'sum xvda; exit'],
    // biome-ignore lint/suspicious/noTemplateCurlyInString: the syntax of the shell
    ['-c "set x 1; echo $x"', 'set x 1; echo ${x}'],
  ])('%j', (args, line) => {
    expect(bootLine(args)).toBe(line);
  });

  test.each(['-c', "-c 'ls"])('%j is an error', (args) => {
    expect(() => bootLine(args)).toThrow(/after -c|not closed/);
  });
});
