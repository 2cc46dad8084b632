package dev.handover.netty;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** In PEM format (RFC 7468). */
final class PemFiles {
    private static final Pattern PRIVATE_KEY =
            Pattern.compile("-----BEGIN PRIVATE KEY-----([A-Za-z0-9+/=\\s]+)-----END PRIVATE KEY-----");
    private static final String REMEDY =
            "; expected is PKCS #8 in PEM format without a password (BEGIN PRIVATE KEY): openssl pkcs8 -topk8 -nocrypt";

    private PemFiles() {}

    /** @throws IOException naming the file that cannot be read or is something else */
    static CertificateFiles read(Path certificates, Path privateKey, Path trusted) throws IOException {
        return new CertificateFiles(1, List.of(certificates, privateKey, trusted), contents -> {
            List<X509Certificate> chain = certificates(certificates, contents.get(0));
            List<X509Certificate> authorities = certificates(trusted, contents.get(2));
            PublicKey certified = chain.get(0).getPublicKey();
            PrivateKey key = key(privateKey, contents.get(1), certified);
            if (!CertificateFiles.belong(key, certified)) {
                throw new IOException("private key " + privateKey + " is not that of the first certificate in "
                        + certificates + " (" + chain.get(0).getSubjectX500Principal() + ")");
            }
            return new CertificateFiles.Said(chain, key, authorities);
        });
    }

    private static List<X509Certificate> certificates(Path file, byte[] content) throws IOException {
        List<X509Certificate> found = new ArrayList<>();
        try {
            CertificateFactory.getInstance("X.509")
                    .generateCertificates(new ByteArrayInputStream(content))
                    .forEach(each -> found.add((X509Certificate) each));
        } catch (GeneralSecurityException e) {
            throw new IOException(file + " has no certificates in PEM format: " + e.getMessage(), e);
        }
        if (found.isEmpty()) {
            throw new IOException(file + " has no certificates in PEM format (BEGIN CERTIFICATE)");
        }
        return found;
    }

    private static PrivateKey key(Path file, byte[] content, PublicKey certified) throws IOException {
        Matcher matcher = PRIVATE_KEY.matcher(new String(content, StandardCharsets.ISO_8859_1));
        if (!matcher.find()) {
            throw new IOException("private key " + file + " is not understood" + REMEDY);
        }
        try {
            byte[] encoded = Base64.getMimeDecoder().decode(matcher.group(1));
            return KeyFactory.getInstance(certified.getAlgorithm()).generatePrivate(new PKCS8EncodedKeySpec(encoded));
        } catch (GeneralSecurityException | IllegalArgumentException e) {
            throw new IOException(
                    "private key " + file + " is none for " + certified.getAlgorithm()
                            + ", of which the certificate is: " + e.getMessage() + REMEDY,
                    e);
        }
    }
}
