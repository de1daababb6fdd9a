#!/usr/bin/env bash
# compile.sh SOURCE COMPILER ARGUMENT...: compiles by way of ccache, in a folder below SOURCE. No path
# of this checkout is in what the compiler is told, so one cache serves all checkouts.
set -eu
source=$1 compiler=$2 up=.
shift 2
below=${PWD#"$source"}
while [ -n "$below" ]; do up=$up/.. below=${below%/*}; done
arguments=(-ffile-prefix-map="$source"=.)
for argument; do
  case $argument in
    -D*) arguments+=("$argument") ;; # a path that the program itself shall know
    *) arguments+=("${argument//"$source"/$up}") ;;
  esac
done
export CCACHE_SLOPPINESS=pch_defines,time_macros
exec ccache "$compiler" "${arguments[@]}"
