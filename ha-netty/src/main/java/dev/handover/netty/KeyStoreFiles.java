package dev.handover.netty;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.Key;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.UnrecoverableKeyException;
import java.security.cert.Certificate;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/** A key store with one private key, and a trust store: PKCS #12 or JKS, which the JDK tells apart by itself. */
final class KeyStoreFiles {
    private KeyStoreFiles() {}

    /** @throws IOException naming the file that cannot be read, has another password or holds something else */
    static CertificateFiles read(Path keyStore, char[] keyPassword, Path trustStore, char[] trustPassword)
            throws IOException {
        char[] ofKey = keyPassword.clone();
        char[] ofTrust = trustPassword.clone();
        return new CertificateFiles(0, List.of(keyStore, trustStore), contents -> {
            try {
                KeyStore own = load("key store", keyStore, contents.get(0), ofKey);
                String alias = onlyKey(own, keyStore);
                PrivateKey key = key(own, alias, ofKey, keyStore);
                List<X509Certificate> chain = new ArrayList<>();
                for (Certificate each : own.getCertificateChain(alias)) {
                    chain.add((X509Certificate) each);
                }
                KeyStore trusted = load("trust store", trustStore, contents.get(1), ofTrust);
                return new CertificateFiles.Said(chain, key, authorities(trusted, trustStore));
            } catch (GeneralSecurityException e) {
                throw new IOException(
                        "key store " + keyStore + " or trust store " + trustStore + " cannot be used: " + e, e);
            }
        });
    }

    private static List<X509Certificate> authorities(KeyStore trusted, Path file)
            throws IOException, GeneralSecurityException {
        List<X509Certificate> authorities = new ArrayList<>();
        for (String each : Collections.list(trusted.aliases())) {
            if (trusted.isCertificateEntry(each) && trusted.getCertificate(each) instanceof X509Certificate authority) {
                authorities.add(authority);
            }
        }
        if (authorities.isEmpty()) {
            throw new IOException("trust store " + file
                    + " has no certificates of authorities: keytool -importcert -alias ca -file ca.crt -keystore "
                    + file);
        }
        return authorities;
    }

    private static KeyStore load(String what, Path file, byte[] content, char[] password)
            throws IOException, GeneralSecurityException {
        KeyStore store = KeyStore.getInstance("PKCS12"); // reads JKS, too (JEP 229)
        try {
            store.load(new ByteArrayInputStream(content), password);
            return store;
        } catch (IOException e) {
            if (e.getCause() instanceof UnrecoverableKeyException) {
                throw new IOException("the password of " + what + " " + file + " is wrong", e);
            }
            throw new IOException(
                    what + " " + file + " is neither PKCS #12 nor JKS (" + e.getMessage()
                            + "); for files in PEM format there is TlsOptions.pem",
                    e);
        }
    }

    private static String onlyKey(KeyStore store, Path file) throws IOException, GeneralSecurityException {
        List<String> keys = new ArrayList<>();
        for (String alias : Collections.list(store.aliases())) {
            if (store.isKeyEntry(alias)) {
                keys.add(alias);
            }
        }
        if (keys.size() != 1) {
            throw new IOException("key store " + file + " has " + keys.size()
                    + " private keys, one is expected: is it a trust store, or does it hold more than this node's?");
        }
        return keys.get(0);
    }

    private static PrivateKey key(KeyStore store, String alias, char[] password, Path file)
            throws IOException, GeneralSecurityException {
        try {
            Key found = store.getKey(alias, password);
            if (found instanceof PrivateKey own && store.getCertificateChain(alias) != null) {
                return own;
            }
            throw new IOException(
                    "entry '" + alias + "' of key store " + file + " is no private key with a certificate");
        } catch (UnrecoverableKeyException e) {
            throw new IOException(
                    "the private key '" + alias + "' in key store " + file
                            + " has another password than the store: give both the same",
                    e);
        }
    }
}
