#!/bin/sh
# libssl and libcrypto: ssl, and hashlib's digests.
# shellcheck source=recipes/deps.sh
. "$CONTEXT/recipes/deps.sh"

unpack openssl
# Certificates and configuration are the system's: /etc/ssl/certs is where
# distributions, and sites that bind their own over it, have them.  Without
# modules the legacy provider is in libcrypto, at rest until a configuration
# activates it.
./Configure linux-x86_64 no-shared no-module no-engine no-pic no-apps no-docs no-tests \
    enable-ec_nistp_64_gcc_128 --prefix="$DEPS" --libdir=lib --openssldir=/etc/ssl
make -j "$JOBS" build_libs
make install_dev DESTDIR="$OUT"
keep LICENSE.txt
