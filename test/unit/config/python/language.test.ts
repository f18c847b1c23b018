// SPDX-License-Identifier: Apache-2.0
import { hostname, machine, type } from 'node:os';
import { describe, expect, test } from 'vitest';
import { readPythonText, textOf } from './read.ts';

/** Values as Python 2 computes them. */
describe('expressions', () => {
  test.each([
    ['\'a\' + "b"', 'ab'],
    ["'a' 'b'\\\n'c'", 'abc'],
    ["'''a\n'b'''", "a\n'b"],
    ["r'a\\n' + '\\x41\\101\\t\\q'", 'a\\nAA\t\\q'],
    ['1 + 2 * 3 - -4', '11'],
    ['0x10 + 010 + 0o10 + 5L', '37'],
    ['-7 % 3', '2'],
    ['2 * 1.5', '3.0'],
    ['1e-7', '1e-07'],
    ["'ab' * 3", 'ababab'],
    ["'ab' * -1", ''],
    ["'%d.%s.%x' % (7, 'a', 255)", '7.a.ff'],
    ["'%05d|%-4s|%+d|%#x|%5.1f|%%' % (42, 'ab', 3, 16, 2.26)", '00042|ab  |+3|0x10|  2.3|%'],
    ["'VM%d' % 3", 'VM3'],
    ["'%s' % 1.0", '1.0'],
    ["'%r' % 'a'", "'a'"],
    ["'abc'[1] + 'abc'[-1]", 'bc'],
    ['[1, 2, 3][1]', '2'],
    ['(1, 2)[0]', '1'],
    ['len([1, 2] + [3] * 2)', '4'],
    ["len('abc')", '3'],
    ["int(' 42 ') + int(3.9) + int(True)", '46'],
    ["'b' in 'abc'", 'True'],
    ['2 not in [1, 2]', 'False'],
    ["'x' in ['x', 1]", 'True'],
    ['1 == 1.0 and 1 != 2', 'True'],
    ["'' or 'default'", 'default'],
    ["0 and undefined or 'other'", 'other'],
    ['not not 1', 'True'],
    ['1 < 2', 'True'],
    ["'a' >= 'b'", 'False'],
    ['None', 'None'],
    ['(1)', '1'],
  ])('%s is %s', (expression, value) => {
    expect(textOf(expression)).toBe(value);
  });
});

describe('statements', () => {
  test.each([
    ['if, elif, else', "if 0: x = 'a'\nelif 1:\n  x = 'b'\nelse:\n  x = 'c'\n", 'x', 'b'],
    ['blocks in blocks', 'x = 0\nif 1:\n\tif 1:\n\t\tx = 1\n\telse:\n\t\tx = 2\n\tx += 1\n', 'x', '2'],
    ['comments and empty lines', "if 1:\n  x = 'a'\n\n# c\n\n  x += 'b' # d\n", 'x', 'ab'],
    ['lines over brackets', 'x = [1,\n  2, # two\n3,\n]\n', 'len(x)', '3'],
    ['several on a line', 'x = 1; y = 2;', 'x + y', '3'],
    ['several targets', 'x = y = 2', 'x + y', '4'],
    ['a function', "def f(a, b='z'):\n  c = a + b\n  return c\n", "f('x') + f('x', 'y') + f(b='1', a='2')", 'xzxy21'],
    ['names of a function are its own', "x = 'out'\ndef f():\n  x = 'in'\n  return x\n", 'f() + x', 'inout'],
    ['a function sees what is outside', "def f(): return x\nx = 'later'\n", 'f()', 'later'],
    ['recursion', 'def f(n):\n  if n == 0: return 0\n  return n + f(n - 1)\n', 'f(10)', '55'],
    ['nothing is returned', 'def f(): pass\n', 'f()', 'None'],
    ['windows ends of lines', "if 1:\r\n  x = 'a'\r\n  x += 'b'\r\n", 'x', 'ab'],
    ['os and re', 'import os, re, os.path\nimport sys\n', 'os.uname()[0] + os.uname()[1]', type() + hostname()],
    ['plain patterns', 'import re', "re.search('b', 'abc') and not re.match('b', 'abc')", 'True'],
    [
      'anchored patterns',
      'import re',
      "re.search('^a', 'abc') and re.search('c$', 'abc') and re.search('^ab$', 'abc')",
      'None',
    ],
  ])('%s', (_what, before, expression, value) => {
    expect(textOf(expression, before)).toBe(value);
  });

  test('the machine is asked for its kind', () => {
    expect(textOf('os.uname()[4]')).toBe(machine());
  });
});

const UNSUPPORTED = 'not supported in a configuration: ';

describe('what is more than a configuration needs is refused where it stands', () => {
  test.each([
    ['for x in y:\n  pass', `for => ${UNSUPPORTED}for`],
    ['while 1: pass', `while => ${UNSUPPORTED}while`],
    ['with x: pass', `with => ${UNSUPPORTED}with`],
    ['class A: pass', `class => ${UNSUPPORTED}class`],
    ['from os import system', `from => ${UNSUPPORTED}from`],
    ['f = lambda x: x', `lambda => ${UNSUPPORTED}lambda`],
    ['x = [y for y in z]', `for => ${UNSUPPORTED}for`],
    ['print "a"', `print => ${UNSUPPORTED}print`],
    ['exec "a"', `exec => ${UNSUPPORTED}exec`],
    ['del x', `del => ${UNSUPPORTED}del`],
    ['global x', `global => ${UNSUPPORTED}global`],
    ['x = 2 ** 3', `** => ${UNSUPPORTED}**`],
    ['x = 4 / 2', `/ => ${UNSUPPORTED}/`],
    ['x = {}', `{ => ${UNSUPPORTED}{`],
    ['x -= 1', `-= => ${UNSUPPORTED}-=`],
    ['x = `1`', `\` => ${UNSUPPORTED}\``],
    ["x = f'{a}'", `f'{a}' => ${UNSUPPORTED}f'...'`],
    ['import subprocess', `subprocess => ${UNSUPPORTED}importing subprocess`],
    ['import os.path.x', `os.path.x => ${UNSUPPORTED}importing os.path.x`],
    ["os.system('x')", `os.system => ${UNSUPPORTED}os.system`],
    ["os.environ['HOME']", `os.environ => ${UNSUPPORTED}os.environ`],
    ['sys.exit(1)', `sys.exit => ${UNSUPPORTED}sys.exit`],
    ["open('/etc/passwd')", "open => unknown name 'open'"],
    ["eval('1')", "eval => unknown name 'eval'"],
    ["__import__('os')", "__import__ => unknown name '__import__'"],
    ["'a'.upper()", `'a'.upper => ${UNSUPPORTED}.upper of a text`],
    ['os.__proto__', `os.__proto__ => ${UNSUPPORTED}os.__proto__`],
    ['os.constructor', `os.constructor => ${UNSUPPORTED}os.constructor`],
    ['constructor', "constructor => unknown name 'constructor'"],
    ['int.call', `int.call => ${UNSUPPORTED}.call of a function`],
    ['x = [1]\nx[0] = 2', `x[0] => ${UNSUPPORTED}assigning to anything but a name`],
    ['a, b = 1, 2', `a, b => ${UNSUPPORTED}assigning to anything but a name`],
    ['def f():\n  def g(): pass\nf()', `def => ${UNSUPPORTED}a function within a function`],
    ['return 1', `return => ${UNSUPPORTED}'return' outside of a function`],
    ["re.search('a', 'a')", "re => unknown name 're'"],
    [
      "import re\nre.search('(a+)+$', 'a')",
      `re.search('(a+)+$', 'a') => ${UNSUPPORTED}a regular expression with more than plain characters`,
    ],
    ["x = '%e' % 1", `'%e' % 1 => ${UNSUPPORTED}the format '%e'`],
    ["x = '%(a)s' % 1", `'%(a)s' % 1 => ${UNSUPPORTED}the format '%('`],
  ])('%j', (text, finding) => {
    expect(readPythonText(text).findings).toEqual([finding]);
  });
});

describe('what is wrong is said where it stands', () => {
  test.each([
    ['x = 1 +', ' => syntax error: unexpected end of line'],
    ['x = (1,', "( => syntax error: this '(' is not closed"],
    ['x = 1)', ") => syntax error: unexpected ')'"],
    ['x = [1,,2]', ", => syntax error: expected ']', found ','"],
    ["x = 'a", "' => syntax error: this text is not closed"],
    ['x = ?', "? => syntax error: unexpected '?'"],
    ['x = 1 2', "2 => syntax error: unexpected '2'"],
    ['x = 09', "9 => syntax error: unexpected '9'"],
    ['x = 1 < 2 < 3', "< => syntax error: unexpected '<'"],
    ['x = 1234567890123456789', '1234567890123456789 => this number is too large'],
    ['if 1', " => syntax error: expected ':', found end of line"],
    ['if 1:\nx = 1', 'if => syntax error: an indented block is missing after this'],
    ['if 1:', 'if => syntax error: an indented block is missing after this'],
    ['  x = 1', 'x => syntax error: unexpected indentation'],
    ['if 1:\n    x = 1\n  y = 2', 'y => syntax error: this is indented like no line above'],
    ['else:\n  x = 1', "else => syntax error: 'else' without 'if'"],
    ["x = 'a' + 1", "'a' + 1 => a text + a number has no meaning"],
    ["x = 'a' - 'b'", "'a' - 'b' => a text - a text has no meaning"],
    ['x = [] * []', '[] * [] => a list * a list has no meaning'],
    ["x = -'a'", "-'a' => -a text has no meaning"],
    ['x = 1 % 0', '0 => division by zero'],
    ["x = '%d' % 'a'", "'a' => the format needs a number, and this is the text 'a'"],
    ["x = '%s %s' % 1", "'%s %s' % 1 => there are fewer values than places in the format"],
    ["x = '%s' % (1, 2)", "'%s' % (1, 2) => there are more values than places in the format"],
    ["x = 'a' % 1", "'a' % 1 => there are more values than places in the format"],
    ['x = str([])', '[] => a list cannot be made a text'],
    ['x = [] == []', '[] == [] => a list cannot be compared'],
    ["x = int('a')", "'a' => 'a' is no whole number"],
    ['x = int()', "int() => the argument 'x' is missing"],
    ["x = 'abc'[3]", '3 => there is no item 3'],
    ['x = 1[0]', '1[0] => a number has no items'],
    ['x = 1()', '1() => a number cannot be called'],
    ['def f(a): pass\nf()', "f() => f() needs 'a'"],
    ['def f(a): pass\nf(1, 2)', 'f(1, 2) => f() is given too many values'],
    ['def f(a): pass\nf(1, b=2)', "f(1, b=2) => f() has no 'b'"],
    ['raise ValueError', 'raise => ValueError'],
    ["raise ValueError, 'no'", 'raise => no'],
    ["raise ValueError('no')", 'raise => no'],
    ["raise 'no'", `raise => ${UNSUPPORTED}raising anything but an exception`],
  ])('%j', (text, finding) => {
    expect(readPythonText(text).findings).toEqual([finding]);
  });

  test('all of it at once, in the order of the text, with line and column', () => {
    const text = "a = 'x\nfor x in y:\n    b = )\n    while 1:\n        c = (\n";
    const { rendered } = readPythonText(text);
    expect(rendered.match(/^web:\d+:\d+: error: .*$/gm)).toEqual([
      'web:1:5: error: syntax error: this text is not closed',
      'web:2:1: error: not supported in a configuration: for',
      "web:3:9: error: syntax error: unexpected ')'",
      'web:4:5: error: not supported in a configuration: while',
      "web:5:13: error: syntax error: this '(' is not closed",
    ]);
  });

  test('what belongs to a wrong line is read without further complaints', () => {
    expect(readPythonText('if x y:\n  a = 1\nelif 1:\n  b = 1\nelse:\n  c = 2\n').findings).toEqual([
      "y => syntax error: expected ':', found 'y'",
    ]);
  });

  test('with a caret', () => {
    expect(readPythonText("kernel = 'shell'\nx = undefined + 1").rendered).toBe(
      "web:2:5: error: unknown name 'undefined'\nx = undefined + 1\n    ^~~~~~~~~",
    );
  });
});
