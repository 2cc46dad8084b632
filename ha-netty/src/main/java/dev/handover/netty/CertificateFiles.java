package dev.handover.netty;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.Signature;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** A certificate, its private key, and the authorities to be trusted: in which files they are, and what was in these when they were read. */
final class CertificateFiles {
    /**
     * What they say.
     *
     * @param chain this node's certificate first
     */
    record Said(List<X509Certificate> chain, PrivateKey key, List<X509Certificate> authorities) {}

    /** What the contents of the files mean. */
    @FunctionalInterface
    interface Format {
        /** @throws IOException naming the file that is something else */
        Said read(List<byte[]> contents) throws IOException;
    }

    private final int keyAt;
    private final List<Path> files;
    private final Format format;
    private final List<byte[]> contents;
    private final Said said;

    /**
     * Reads them.
     *
     * @param keyAt which of the files holds the private key
     * @throws IOException naming the file that cannot be read or is something else
     */
    CertificateFiles(int keyAt, List<Path> files, Format format) throws IOException {
        this.keyAt = keyAt;
        this.files = List.copyOf(files);
        this.format = format;
        contents = read();
        said = format.read(contents);
    }

    private List<byte[]> read() throws IOException {
        List<byte[]> read = new ArrayList<>();
        for (int i = 0; i < files.size(); i++) {
            try {
                read.add(Files.readAllBytes(files.get(i)));
            } catch (IOException e) {
                throw new IOException(
                        (i == keyAt ? "private key " : "certificates in ") + files.get(i)
                                + " cannot be read: is it there, and this process's? (" + e + ")",
                        e);
            }
        }
        return read;
    }

    Said said() {
        return said;
    }

    /** @throws IOException if they are not whole, as they may be while they are being replaced */
    CertificateFiles again() throws IOException {
        return new CertificateFiles(keyAt, files, format);
    }

    /** Whether the files are not as they were. */
    boolean changed() throws IOException {
        List<byte[]> now = read();
        for (int i = 0; i < now.size(); i++) {
            if (!Arrays.equals(now.get(i), contents.get(i))) {
                return true;
            }
        }
        return false;
    }

    /** What the one signs, the other knows. */
    static boolean belong(PrivateKey key, PublicKey certified) throws IOException {
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
