# Lines of stubs.sh to assembler text and a version script.

function is_older(version, than,    a, b) {
    split(version, a, ".")
    split(than, b, ".")
    return a[2] + 0 <= b[2] + 0
}

is_older($2, newest) {
    if (!($1 in found)) {
        order[++names] = $1
    }
    found[$1] = $2; type[$1] = $3; size[$1] = $4; bind[$1] = $5; place[$1] = $6
}

function declare(name, kind) {
    printf "%s %s\n.type %s, %s\n", bind[name] == "WEAK" ? ".weak" : ".globl", name, name, kind >source
}

END {
    for (i = 1; i <= names; i++) {
        name = order[i]
        nodes[found[name]] = nodes[found[name]] " " name ";"
        if (type[name] == "OBJECT") {
            # Names of one variable stay one: ld copies `environ` together with `__environ`.
            if (!(place[name] in variables)) {
                places[++count] = place[name]
            }
            variables[place[name]] = variables[place[name]] " " name
        } else if (type[name] == "TLS") {
            print ".section .tbss, \"awT\", @nobits" >source
            declare(name, "@tls_object")
            printf ".size %s, %s\n%s: .zero %s\n", name, size[name], name, size[name] >source
        } else {
            print ".text" >source
            declare(name, "@function")
            print name ": nop" >source
        }
    }
    for (i = 1; i <= count; i++) {
        print ".bss\n.balign 32" >source
        most = split(variables[places[i]], shared, " ")
        for (j = 1; j <= most; j++) {
            declare(shared[j], "@object")
            printf ".size %s, %s\n%s:\n", shared[j], size[shared[j]], shared[j] >source
        }
        print ".zero " size[shared[1]] >source
    }
    print ".section .note.GNU-stack, \"\", @progbits" >source
    for (version in nodes) {
        printf "GLIBC_%s { global:%s%s };\n", version, nodes[version], others >map
        others = ""
    }
}
