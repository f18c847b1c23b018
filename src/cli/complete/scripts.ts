// SPDX-License-Identifier: Apache-2.0

/** Shells that completion is for. */
export const SHELLS = ['bash', 'zsh', 'fish'] as const;

/** One of them. */
export type Shell = (typeof SHELLS)[number];

const BASH = `# bash completion for xm. Load it with: source <(xm completion bash)
_xm_complete() {
  local line
  COMPREPLY=()
  while IFS= read -r line; do
    if [[ $line == :files ]]; then
      compopt -o default
    else
      COMPREPLY+=("$line")
    fi
  done < <("\${COMP_WORDS[0]}" __complete bash "\${COMP_LINE:0:COMP_POINT}" 2>/dev/null)
}
complete -F _xm_complete xm
`;

const ZSH = `#compdef xm
# zsh completion for xm. Load it with: source <(xm completion zsh)
_xm() {
  local line files ret=1
  local -a found
  while IFS= read -r line; do
    if [[ $line == :files ]]; then
      files=yes
    else
      found+=("\${\${line%%$'\\t'*}//:/\\\\:}:\${line#*$'\\t'}")
    fi
  done < <($words[1] __complete zsh "\${(@Q)words[2,CURRENT]}" 2>/dev/null)
  (( $#found )) && _describe xm found && ret=0
  [[ -n $files ]] && _files && ret=0
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
    if test "$line" = :files
      __fish_complete_path "$current"
    else
      echo $line
    end
  end
end
complete -c xm -f -a '(__xm_complete)'
`;

/** What a shell has to read so that it completes command lines of `xm`. */
export const SCRIPTS: Readonly<Record<Shell, string>> = { bash: BASH, zsh: ZSH, fish: FISH };
