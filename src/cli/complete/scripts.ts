// SPDX-License-Identifier: Apache-2.0

/** Shells that completion is for. */
export const SHELLS = ['bash', 'zsh', 'fish'] as const;

/** One of them. */
export type Shell = (typeof SHELLS)[number];

const BASH = `# bash completion for xm. Load it with: source <(xm completion bash)
_xm_complete() {
  local line files
  COMPREPLY=()
  while IFS= read -r line; do
    if [[ $line == :files ]]; then
      files=yes
    else
      COMPREPLY+=("$line")
    fi
  done < <("\${COMP_WORDS[0]}" __complete bash "\${COMP_LINE:0:COMP_POINT}" 2>/dev/null)
  if [[ -n $files && \${#COMPREPLY[@]} -gt 0 ]]; then
    # Beside words bash names no files by itself.
    while IFS= read -r line; do
      [[ -d $line ]] && line+=/
      COMPREPLY+=("$line")
    done < <(compgen -f -- "$2")
  elif [[ -n $files ]]; then
    compopt -o default
  fi
  [[ \${#COMPREPLY[@]} -eq 1 && $COMPREPLY == *[=:/] ]] && compopt -o nospace
  return 0
}
complete -F _xm_complete xm
`;

const ZSH = `#compdef xm
# zsh completion for xm. Load it with: source <(xm completion zsh)
_xm() {
  local line word files behind ret=1
  local -a found open
  while IFS= read -r line; do
    word=\${line%%$'\\t'*}
    if [[ $line == ':files '* ]]; then
      files=yes behind=\${line#:files }
    elif [[ $word == *[=:] ]]; then
      open+=("\${word//:/\\\\:}:\${line#*$'\\t'}")
    else
      found+=("\${word//:/\\\\:}:\${line#*$'\\t'}")
    fi
  done < <($words[1] __complete zsh "\${(@Q)words[2,CURRENT]}" 2>/dev/null)
  (( $#found )) && _describe xm found && ret=0
  (( $#open )) && _describe xm open -S '' && ret=0
  if [[ -n $files ]]; then
    compset -p $#behind
    _files && ret=0
  fi
  return ret
}
if [[ $funcstack[1] == _xm ]]; then
  _xm
else
  compdef _xm xm
fi
`;

const FISH = `# fish completion for xm. Load it with: xm completion fish | source
function __xm_complete
  set -l words (commandline -opc)
  set -l program $words[1]
  set -e words[1]
  set -l current (commandline -ct)
  for line in ($program __complete fish $words "$current" 2>/dev/null)
    if string match -q ':files *' -- $line
      set -l behind (string sub -s 8 -- $line)
      set -l rest (string sub -s (math 1 + (string length -- "$behind")) -- "$current")
      for path in (__fish_complete_path "$rest")
        echo "$behind$path"
      end
    else
      echo $line
    end
  end
end
complete -c xm -f -a '(__xm_complete)'
`;

/** What a shell has to read so that it completes command lines of `xm`. */
export const SCRIPTS: Readonly<Record<Shell, string>> = { bash: BASH, zsh: ZSH, fish: FISH };
