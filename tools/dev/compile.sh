#!/usr/bin/env bash
# compile.sh SOURCE COMPILER ARGUMENT...: compiles by way of ccache. In a folder below SOURCE, no path
# of this checkout is in what the compiler is told, so one cache serves all checkouts.
set -eu
source=$1 compiler=$2 up=$1
shift 2
if [[ $PWD = "$source"/* ]]; then
  up=. below=${PWD#"$source"}
  while [ -n "$below" ]; do up=$up/.. below=${below%/*}; done
fi
arguments=(-ffile-prefix-map="$source"=.) output=
for argument; do
  case $argument in
    -D*) arguments+=("$argument") ;; # a path that the program itself shall know
    *) arguments+=("${argument//"$source"/$up}") ;;
  esac
  [[ $argument != *.pch ]] || output=$argument
done
if [[ " $* " != *" -emit-pch "* ]]; then
  export CCACHE_SLOPPINESS=pch_defines,time_macros CCACHE_PCH_EXTSUM=1 CCACHE_BASEDIR=$source
  exec ccache "$compiler" "${arguments[@]}"
fi
# A precompiled header names the folder that it was made in, and is good there alone. What is compiled
# with it is known by the text that it was made of.
"$compiler" "${arguments[@]}"
{
  "$compiler" --version
  printf '%s\n' "${arguments[@]:1}"
  # All that it was made of stands in the list of its dependencies.
  sed -e 's/^[^:]*://' -e 's/\\$//' "$output.d" | xargs sha256sum
} > "$output.sum"
