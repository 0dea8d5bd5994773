/* The host's certificates: the builder's OpenSSL knows Debian's places alone.  Linked with
   --wrap.  A variable of the environment would reach other programs, in containers, too. */

#include <stdbool.h>
#include <stddef.h>
#include <unistd.h>

/* RHEL's, where 6 had it and where it is since 7; SUSE's; Debian's without OpenSSL's
   package. */
static const char *const bundles[] = {
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/etc/ssl/ca-bundle.pem",
    "/var/lib/ca-certificates/ca-bundle.pem",
    "/etc/ssl/certs/ca-certificates.crt",
};

const char *X509_get_default_cert_dir(void);
const char *__real_X509_get_default_cert_file(void), *__wrap_X509_get_default_cert_file(void);

const char *__wrap_X509_get_default_cert_file(void)
{
    const char *debian = __real_X509_get_default_cert_file();
    bool is_there = access(debian, R_OK) == 0 || access(X509_get_default_cert_dir(), R_OK) == 0;
    for (size_t i = 0; !is_there && i < sizeof(bundles) / sizeof(bundles[0]); i++) {
        if (access(bundles[i], R_OK) == 0) {
            return bundles[i];
        }
    }
    return debian;
}
