package dev.handover.netty;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.Signature;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** A certificate, its private key, and the authorities to be trusted, in PEM format (RFC 7468): where they are, and what was in them when they were read. */
final class PemFiles {
    private static final Pattern PRIVATE_KEY =
            Pattern.compile("-----BEGIN PRIVATE KEY-----([A-Za-z0-9+/=\\s]+)-----END PRIVATE KEY-----");
    private static final String REMEDY =
            "; expected is PKCS #8 in PEM format without a password (BEGIN PRIVATE KEY): openssl pkcs8 -topk8 -nocrypt";

    private final List<Path> files;
    private final List<byte[]> contents;
    private final List<X509Certificate> chain;
    private final PrivateKey key;
    private final List<X509Certificate> authorities;

    private PemFiles(Path certificates, Path privateKey, Path trusted) throws IOException {
        files = List.of(certificates, privateKey, trusted);
        contents = contents(files);
        chain = certificates(certificates, contents.get(0));
        authorities = certificates(trusted, contents.get(2));
        PublicKey certified = chain.get(0).getPublicKey();
        key = key(privateKey, contents.get(1), certified);
        if (!belong(key, certified)) {
            throw new IOException("private key " + privateKey + " is not that of the first certificate in "
                    + certificates + " (" + chain.get(0).getSubjectX500Principal() + ")");
        }
    }

    /** @throws IOException naming the file that cannot be read or is something else */
    static PemFiles read(Path certificates, Path privateKey, Path trusted) throws IOException {
        return new PemFiles(certificates, privateKey, trusted);
    }

    /** This node's certificate first. */
    List<X509Certificate> chain() {
        return chain;
    }

    PrivateKey key() {
        return key;
    }

    List<X509Certificate> authorities() {
        return authorities;
    }

    /** Whether the files are not as they were. */
    boolean changed() throws IOException {
        List<byte[]> now = contents(files);
        for (int i = 0; i < now.size(); i++) {
            if (!Arrays.equals(now.get(i), contents.get(i))) {
                return true;
            }
        }
        return false;
    }

    /** @throws IOException if they are not whole, as they may be while they are being replaced */
    PemFiles again() throws IOException {
        return read(files.get(0), files.get(1), files.get(2));
    }

    private static List<byte[]> contents(List<Path> files) throws IOException {
        List<byte[]> contents = new ArrayList<>();
        for (Path file : files) {
            try {
                contents.add(Files.readAllBytes(file));
            } catch (IOException e) {
                String what = file.equals(files.get(1)) ? "private key " : "certificates in ";
                throw new IOException(what + file + " cannot be read: is it there, and this process's? (" + e + ")", e);
            }
        }
        return contents;
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

    /** What the one signs, the other knows. */
    private static boolean belong(PrivateKey key, PublicKey certified) throws IOException {
        String algorithm =
                switch (certified.getAlgorithm()) {
                    case "RSA" -> "SHA256withRSA";
                    case "EC" -> "SHA256withECDSA";
                    case "DSA" -> "SHA256withDSA";
                    default -> certified.getAlgorithm(); // EdDSA, RSASSA-PSS
                };
        byte[] text = "whose key is this?".getBytes(StandardCharsets.US_ASCII);
        try {
            Signature signing = Signature.getInstance(algorithm);
            signing.initSign(key);
            signing.update(text);
            Signature checking = Signature.getInstance(algorithm);
            checking.initVerify(certified);
            checking.update(text);
            return checking.verify(signing.sign());
        } catch (GeneralSecurityException e) {
            throw new IOException(
                    "keys of " + certified.getAlgorithm() + " cannot be used here (" + e.getMessage()
                            + "): use EC or RSA",
                    e);
        }
    }
}
