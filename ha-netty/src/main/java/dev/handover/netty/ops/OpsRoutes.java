package dev.handover.netty.ops;

import static java.util.concurrent.CompletableFuture.completedFuture;

import dev.handover.ops.OpsHealth;
import dev.handover.ops.OpsModel;
import dev.handover.ops.OpsPage;
import io.netty.handler.codec.http.FullHttpRequest;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaderValues;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpUtil;
import io.netty.handler.codec.http.QueryStringDecoder;
import io.netty.util.NetUtil;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Supplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** What is where on the operations port, and who may have it. */
final class OpsRoutes {
    private static final String ACTIONS = "/actions/";
    private static final String BEARER = "Bearer ";
    private static final long WRONG_TOKEN_MILLIS = 250;
    private static final long ACTION_SECONDS = 30;
    private static final int MAX_PARAMETERS = 16;
    private static final Pattern LAG = Pattern.compile("([0-9]{1,9})(ms|s|m)?");

    private final OpsModel model;
    private final @Nullable Supplier<String> metrics;
    private final byte @Nullable [] token;
    private final boolean loopback;
    private final Executor scraper;

    OpsRoutes(
            OpsModel model,
            @Nullable Supplier<String> metrics,
            byte @Nullable [] token,
            InetSocketAddress address,
            Executor scraper) {
        this.model = model;
        this.metrics = metrics;
        this.token = token;
        loopback = address.getAddress().isLoopbackAddress();
        this.scraper = scraper;
    }

    OpsModel model() {
        return model;
    }

    /** What is to be answered before anything is looked at; null if nothing speaks against the request. */
    @Nullable
    OpsAnswer refuse(FullHttpRequest request) {
        String host = request.headers().get(HttpHeaderNames.HOST);
        if (loopback && host != null && !isLocal(host)) {
            // A site whose name was made to point here, so that a browser on this machine reads for it (DNS rebinding).
            return OpsAnswer.text(
                    HttpResponseStatus.MISDIRECTED_REQUEST,
                    "this port is for 127.0.0.1 or localhost only, not for the host that was asked for");
        }
        boolean read =
                request.method().equals(HttpMethod.GET) || request.method().equals(HttpMethod.HEAD);
        if (!read && !(request.method().equals(HttpMethod.POST) && request.uri().startsWith(ACTIONS))) {
            return OpsAnswer.text(HttpResponseStatus.METHOD_NOT_ALLOWED, "GET or HEAD");
        }
        return null;
    }

    /** On the loop; completes on any thread. */
    CompletableFuture<OpsAnswer> answer(FullHttpRequest request) {
        QueryStringDecoder uri = new QueryStringDecoder(request.uri(), StandardCharsets.UTF_8, true, MAX_PARAMETERS);
        try {
            if (request.method().equals(HttpMethod.POST)) {
                return act(request, uri.path().substring(ACTIONS.length()));
            }
            String group = first(uri.parameters(), "group");
            OpsHealth health = model.health();
            return switch (uri.path()) {
                case "/leader" -> health(health.leader(group));
                case "/in-sync" -> inSync(health, group, first(uri.parameters(), "lag"));
                case "/ready" -> health(health.ready(group));
                case "/live" -> health(health.live());
                case "/metrics" -> metrics();
                case "/", "/index.html" -> completedFuture(OpsAnswer.of("text/html; charset=utf-8", OpsPage.html()));
                case "/status.json" ->
                    completedFuture(
                            OpsAnswer.of("application/json", model.snapshot().toJson()));
                default ->
                    completedFuture(OpsAnswer.text(
                            HttpResponseStatus.NOT_FOUND,
                            "there are /leader /in-sync /ready /live /metrics /status.json /events and the page at /"));
            };
        } catch (IllegalArgumentException e) {
            return completedFuture(OpsAnswer.text(HttpResponseStatus.BAD_REQUEST, String.valueOf(e.getMessage())));
        }
    }

    private static CompletableFuture<OpsAnswer> inSync(OpsHealth health, @Nullable String group, @Nullable String lag) {
        if (lag == null) {
            return health(health.inSync(group, -1));
        }
        Matcher wanted = LAG.matcher(lag);
        if (!wanted.matches()) {
            throw new IllegalArgumentException(
                    "lag is a number of entries such as 100, or a time such as 250ms, 2s or 1m");
        }
        long number = Long.parseLong(wanted.group(1));
        String unit = wanted.group(2);
        return health(
                unit == null
                        ? health.inSync(group, number)
                        : health.inSync(
                                group,
                                switch (unit) {
                                    case "ms" -> Duration.ofMillis(number);
                                    case "s" -> Duration.ofSeconds(number);
                                    default -> Duration.ofMinutes(number);
                                }));
    }

    private static CompletableFuture<OpsAnswer> health(CompletableFuture<OpsHealth.Answer> asked) {
        return asked.thenApply(answer -> OpsAnswer.text(
                answer.ok() ? HttpResponseStatus.OK : HttpResponseStatus.SERVICE_UNAVAILABLE, answer.detail()));
    }

    private CompletableFuture<OpsAnswer> metrics() {
        Supplier<String> scrape = metrics;
        if (scrape == null) {
            return completedFuture(OpsAnswer.text(HttpResponseStatus.NOT_FOUND, "no metrics are given to this port"));
        }
        try {
            return CompletableFuture.supplyAsync(
                    () -> OpsAnswer.of("text/plain; version=0.0.4; charset=utf-8", scrape.get()), scraper);
        } catch (RejectedExecutionException e) {
            return completedFuture(OpsAnswer.text(HttpResponseStatus.SERVICE_UNAVAILABLE, "too many scrape at once"));
        }
    }

    private CompletableFuture<OpsAnswer> act(FullHttpRequest request, String name) {
        OpsAnswer refusal = refuseAction(request);
        if (refusal != null) {
            return completedFuture(refusal);
        }
        Map<String, List<String>> form = new QueryStringDecoder(
                        request.content().toString(StandardCharsets.UTF_8),
                        StandardCharsets.UTF_8,
                        false,
                        MAX_PARAMETERS)
                .parameters();
        String subject = first(form, "subject");
        String target = first(form, "target");
        String confirmed = first(form, "confirm");
        if (subject == null) {
            throw new IllegalArgumentException("the form has no subject");
        }
        return model.perform(
                        name,
                        subject,
                        target == null || target.isEmpty() ? null : target,
                        confirmed == null ? "" : confirmed)
                .thenApply(done -> OpsAnswer.text(HttpResponseStatus.OK, done))
                .orTimeout(ACTION_SECONDS, TimeUnit.SECONDS)
                .exceptionally(OpsRoutes::failed);
    }

    /**
     * A browser sends the header with the token only for the page itself, never by itself for another site; the origin is looked at all the same, for other clients that keep tokens.
     */
    private @Nullable OpsAnswer refuseAction(FullHttpRequest request) {
        byte[] expected = token;
        if (expected == null) {
            return OpsAnswer.text(
                    HttpResponseStatus.FORBIDDEN, "actions are off: this port was started without a token");
        }
        String origin = request.headers().get(HttpHeaderNames.ORIGIN);
        String host = request.headers().get(HttpHeaderNames.HOST);
        String site = request.headers().get("Sec-Fetch-Site");
        boolean foreign = origin != null
                && (host == null || !origin.equals("http://" + host) && !origin.equals("https://" + host));
        if (foreign || site != null && !site.equals("same-origin") && !site.equals("none")) {
            return OpsAnswer.text(HttpResponseStatus.FORBIDDEN, "asked for by another site");
        }
        String authorization = request.headers().get(HttpHeaderNames.AUTHORIZATION, "");
        byte[] given = authorization.startsWith(BEARER)
                ? authorization.substring(BEARER.length()).getBytes(StandardCharsets.UTF_8)
                : new byte[0];
        if (!MessageDigest.isEqual(expected, given)) {
            return OpsAnswer.text(HttpResponseStatus.UNAUTHORIZED, "wrong token")
                    .after(WRONG_TOKEN_MILLIS);
        }
        CharSequence type = HttpUtil.getMimeType(request);
        return type != null && HttpHeaderValues.APPLICATION_X_WWW_FORM_URLENCODED.contentEqualsIgnoreCase(type)
                ? null
                : OpsAnswer.text(HttpResponseStatus.UNSUPPORTED_MEDIA_TYPE, "a form is expected");
    }

    private static OpsAnswer failed(Throwable failure) {
        Throwable cause =
                failure instanceof CompletionException && failure.getCause() != null ? failure.getCause() : failure;
        return cause instanceof TimeoutException
                ? OpsAnswer.text(
                        HttpResponseStatus.GATEWAY_TIMEOUT,
                        "not known after " + ACTION_SECONDS + " s; the timeline tells whether it is done")
                : OpsAnswer.text(HttpResponseStatus.CONFLICT, String.valueOf(cause.getMessage()));
    }

    private static boolean isLocal(String host) {
        String name = host.startsWith("[") ? host.substring(0, host.indexOf(']') + 1) : host.replaceFirst(":.*", "");
        String bare = name.startsWith("[") && name.length() > 2 ? name.substring(1, name.length() - 1) : name;
        return bare.equalsIgnoreCase("localhost")
                || NetUtil.isValidIpV4Address(bare)
                || NetUtil.isValidIpV6Address(bare);
    }

    private static @Nullable String first(Map<String, List<String>> parameters, String name) {
        List<String> values = parameters.get(name);
        return values == null || values.isEmpty() ? null : values.get(0);
    }
}
