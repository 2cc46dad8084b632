package dev.handover.ops;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Base64;

/**
 * The operations page: one HTML file that loads nothing from elsewhere. It asks, relative to its own address: {@code status.json} ({@link OpsSnapshot#toJson}), {@code events} (server-sent
 * events, each the same JSON; without them the page asks {@code status.json} every two seconds), and {@code actions/NAME} with {@code POST}, a form with {@code subject}, {@code target},
 * {@code confirm}, and the header {@code Authorization: Bearer} with what the operator has typed. Whoever serves it serves these beside it, and sends {@link #CONTENT_SECURITY_POLICY}. With
 * {@code <meta name="handover-actions" content="json">} in its head the page asks for no token, and posts the same as JSON to {@code NAME}, with the browser's own credentials and, where there is a cookie {@code XSRF-TOKEN}, with the header {@code X-XSRF-TOKEN}.
 */
public final class OpsPage {
    /** Its name on the class path. */
    public static final String RESOURCE = "/dev/handover/ops/page.html";

    private static final String HTML = load();

    /** Allows what is in the page and nothing else: no foreign script, no frame around it, no request to another host. */
    public static final String CONTENT_SECURITY_POLICY = "default-src 'none'; connect-src 'self'; script-src '"
            + hash("script") + "'; style-src '" + hash("style")
            + "'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

    private OpsPage() {}

    /** The page, to be sent as {@code text/html; charset=utf-8}. */
    public static String html() {
        return HTML;
    }

    private static String load() {
        try (InputStream in = OpsPage.class.getResourceAsStream(RESOURCE)) {
            if (in == null) {
                throw new IllegalStateException(RESOURCE + " is missing in this jar");
            }
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static String hash(String element) {
        String begin = "<" + element + ">";
        int from = HTML.indexOf(begin) + begin.length();
        String content = HTML.substring(from, HTML.indexOf("</" + element + ">", from));
        try {
            byte[] digest = MessageDigest.getInstance("SHA-256").digest(content.getBytes(StandardCharsets.UTF_8));
            return "sha256-" + Base64.getEncoder().encodeToString(digest);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java platform has SHA-256", e);
        }
    }
}
