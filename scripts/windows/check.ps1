<#
.SYNOPSIS
Says what would keep this machine from enrolling with a mockmdm server.

.EXAMPLE
.\check.ps1 -Server https://lab.local:8443 -Address ada@example.com
#>
[CmdletBinding()]
param(
    # Address of the device listener, such as https://lab.local:8443.
    [Parameter(Mandatory)] [string] $Server,
    # The user's e-mail address, to check discovery by its domain as well.
    [string] $Address
)
Set-StrictMode -Version 2
$ErrorActionPreference = 'Stop'
$script:wrong = 0

function Show([bool] $Good, [string] $What, [string] $Hint) {
    if ($Good) {
        Write-Output "ok      $What"
    }
    else {
        $script:wrong++
        Write-Output "WRONG   $What"
        if ($Hint) { Write-Output "        $Hint" }
    }
}

# TLS as Windows itself sees it: name, chain, time. Nothing here skips a check.
function Test-Tls([string] $Name, [int] $Port) {
    $client = New-Object Net.Sockets.TcpClient
    try {
        $client.Connect($Name, $Port)
        $stream = New-Object Net.Security.SslStream $client.GetStream()
        $stream.AuthenticateAsClient($Name)
        Show $true "TLS with ${Name}:$Port ($($stream.SslProtocol))"
    }
    catch {
        Show $false "TLS with ${Name}:$Port - $($_.Exception.GetBaseException().Message)" `
            'Not trusted: run trust.ps1. Wrong name: start the server with `--name` of this name. Refused: port and firewall.'
    }
    finally {
        $client.Close()
    }
}

function Test-Discovery([string] $Url) {
    try {
        $answer = Invoke-WebRequest -Uri $Url -UseBasicParsing
        Show ($answer.StatusCode -eq 200) "discovery at $Url"
    }
    catch {
        Show $false "discovery at $Url - $($_.Exception.Message)" 'Is this the device listener of mockmdm?'
    }
}

$edition = (Get-ItemProperty 'HKLM:\SOFTWARE\Microsoft\Windows NT\CurrentVersion').EditionID
Show ($edition -notmatch '^Core') "edition $edition" 'Home editions have no device management (0x8018001C).'

$policy = Get-ItemProperty 'HKLM:\SOFTWARE\Policies\Microsoft\Windows\CurrentVersion\MDM' -ErrorAction SilentlyContinue
$disabled = $policy -and $policy.PSObject.Properties['DisableRegistration'] -and $policy.DisableRegistration -eq 1
Show (-not $disabled) 'registration is not disabled by policy' 'Remove DisableRegistration (0x80180026).'

$user = [Security.Principal.WindowsIdentity]::GetCurrent()
Show (-not $user.User.Value.EndsWith('-500')) "signed in as $($user.Name)" 'The built-in Administrator cannot enroll: use another administrator.'

$enrollments = Get-ChildItem 'HKLM:\SOFTWARE\Microsoft\Enrollments' -ErrorAction SilentlyContinue |
    ForEach-Object { Get-ItemProperty $_.PSPath } |
    Where-Object { $_.PSObject.Properties['ProviderID'] -and $_.PSObject.Properties['UPN'] }
$managers = @($enrollments | ForEach-Object { $_.ProviderID } | Where-Object { $_ } | Sort-Object -Unique)
Show ($managers.Count -eq 0) "managed by nobody$(if ($managers) { ', but by: ' + ($managers -join ', ') })" `
    'One server at a time: unenroll first (unenroll.ps1, or Settings).'

$uri = [Uri] $Server
Test-Tls $uri.Host $uri.Port
Test-Discovery "$($Server.TrimEnd('/'))/EnrollmentServer/Discovery.svc"

if ($Address) {
    $name = 'enterpriseenrollment.' + ($Address -split '@')[-1]
    $found = $null
    try { $found = [Net.Dns]::GetHostAddresses($name) } catch { $found = $null }
    Show ([bool] $found) "$name resolves" 'Without it Windows asks for the server: that works as well. Else DNS or the hosts file.'
    if ($found) {
        Test-Tls $name 443
        Test-Discovery "https://$name/EnrollmentServer/Discovery.svc"
    }
}

if ($script:wrong -gt 0) { exit 1 }
