# The words in which the scripts of the cases are written: `repo NAME` begins a repository, `commit [MESSAGE]` commits all that
# is in its folder, `serve` hands it out as NAME.git. WORK, ROOT and URL are the test's.
export GIT_AUTHOR_NAME=Ada GIT_AUTHOR_EMAIL=ada@example.com GIT_COMMITTER_NAME=Ada GIT_COMMITTER_EMAIL=ada@example.com
export GIT_AUTHOR_DATE='1767225600 +0000' GIT_COMMITTER_DATE='1767225600 +0000'
unset GIT_DIR GIT_PREFIX

repo() {
    NAME=$1
    mkdir -p "$WORK/$NAME"
    cd "$WORK/$NAME"
    git init --quiet --initial-branch=main "${2:---object-format=sha1}"
}

commit() {
    git add --all
    git commit --quiet --allow-empty --message "${1:-Change}"
}

serve() {
    git clone --quiet --mirror . "$ROOT/$NAME.git"
    git --git-dir "$ROOT/$NAME.git" symbolic-ref HEAD "$(git symbolic-ref HEAD 2>/dev/null || echo refs/heads/main)"
}

# submodule URL PATH FOLDER: a submodule at the head of the repository in WORK/FOLDER.
submodule() {
    printf '[submodule "%s"]\n\tpath = %s\n\turl = %s\n' "$2" "$2" "$1" >> .gitmodules
    git add .gitmodules
    git update-index --add --cacheinfo "160000,$(git -C "$WORK/$3" rev-parse HEAD),$2"
}

# object TYPE: writes standard input as it is, whatever is wrong with it.
object() {
    git hash-object -w --literally -t "$1" --stdin
}

# raw HEADERS...: a commit of these lines below the tree, as it is, for the branch main.
raw() {
    tree=$(git write-tree)
    { printf 'tree %s\n' "$tree"; printf "$1"; printf '\nMessage\n'; } | object commit > "$WORK/id"
    git update-ref refs/heads/main "$(cat "$WORK/id")"
}

# bytes HEX: what an id stands for in a tree.
bytes() {
    printf "$(printf '%s' "$1" | sed 's/../0x& /g' | xargs printf '\\%03o')"
}
