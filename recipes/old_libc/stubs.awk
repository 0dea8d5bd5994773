# readelf's list of a library's symbols to assembler text and a version script, for a library
# with what it had in glibc 2.`newest`.

# Of each name the newest version that is old enough.  And errno, which libm.so.6 has used by
# this name since glibc 2.3.
$7 != "UND" && $7 != "ABS" && $8 ~ /@GLIBC_2\.|^errno@@GLIBC_PRIVATE$/ {
    split($8, part, "@+")
    split(part[2], number, ".")
    age = number[2] * 100 + number[3]
    if (number[2] + 0 <= newest && age >= ages[part[1]]) {
        ages[part[1]] = age
        found[part[1]] = part[2] " " $4 " " $3 " " $5 " " $7 ":" $2
    }
}

END {
    kinds["OBJECT"] = "object"; kinds["TLS"] = "tls_object"
    for (name in found) {
        # VERSION TYPE SIZE BIND PLACE
        split(found[name], field, " ")
        type = field[2]; size = field[3]; place = field[5]
        nodes[field[1]] = nodes[field[1]] " " name ";"
        print (field[4] == "WEAK" ? ".weak " : ".globl ") name >source
        print ".type " name ", @" (type in kinds ? kinds[type] : "function") >source
        if (!(type in kinds)) {
            print ".text\n" name ": nop" >source
            continue
        }
        print ".size " name ", " size >source
        if (place in variables) {
            # Names of one variable stay one: ld copies `environ` together with `__environ`.
            print ".set " name ", " variables[place] >source
            continue
        }
        variables[place] = name
        print (type == "TLS" ? ".section .tbss, \"awT\", @nobits" : ".bss\n.balign 32") >source
        print name ": .zero " size >source
    }
    print ".section .note.GNU-stack, \"\", @progbits" >source
    for (version in nodes) {
        print version " { global:" nodes[version] " };" >map
    }
}
