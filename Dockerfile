# SPEED as an image: docker compose up. What it can do in a container, and how else to start it: docs/container.md.

# Other bases do as well: .NET 10 on Debian or Ubuntu, with an account whose number is in APP_UID.
ARG SDK=mcr.microsoft.com/dotnet/sdk:10.0
ARG RUNTIME=mcr.microsoft.com/dotnet/aspnet:10.0
# An image that has the published program in /app, where that is not to be built here.
ARG PROGRAM=build

FROM ${SDK} AS build
WORKDIR /source
COPY . .
RUN dotnet publish Speed.Functions --configuration Release --output /app

FROM ${PROGRAM} AS program

FROM ${RUNTIME}
RUN apt-get update \
    && apt-get install --yes --no-install-recommends git openssh-client \
    && rm -rf /var/lib/apt/lists/*
# A volume begins as this folder is: the account's alone.
RUN mkdir --mode=700 /data && chown $APP_UID /data
COPY --from=program /app /app
ENV Speed__DataDirectory=/data
VOLUME /data
USER $APP_UID
HEALTHCHECK --interval=10s --timeout=10s --start-period=60s CMD ["dotnet", "/app/Speed.Functions.dll", "--health"]
ENTRYPOINT ["dotnet", "/app/Speed.Functions.dll"]
